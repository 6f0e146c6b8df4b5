"""The source tree keeps the house rules, and each rule finds what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import house

CHECKS: dict[Callable[[house.Sources], list[str]], tuple[dict[str, str], list[str]]] = {
    # check: (a tree that breaks it, what it finds there)
    house.foreign_service_files: (
        {
            "src/guanjia/services/chat/__init__.py": '"""Owns routing."""',
            "src/guanjia/services/chat/routing.py": "",
            "src/guanjia/services/chat/actions/messages.py": "",
            "src/guanjia/services/chat/words.json": "",
            "src/guanjia/services/gateway/__init__.py": '"""Files of its own: proxy."""',
            "src/guanjia/services/gateway/proxy.py": "",
            "src/guanjia/services/gateway/streams/merge.py": "",
        },
        ["src/guanjia/services/chat/routing", "src/guanjia/services/gateway/streams"],
    ),
    house.ill_made_services: (
        {
            "src/guanjia/services/chat/__init__.py": '"""Conversations."""\nnumber = 1\n',
            "src/guanjia/services/chat/manifest.py": "",
            "src/guanjia/services/crm/__init__.py": "",
            "src/guanjia/services/auth/__init__.py": '"""People."""',
            "src/guanjia/services/auth/manifest.py": "",
        },
        [
            "src/guanjia/services/chat/__init__.py: code",
            "src/guanjia/services/crm: no manifest.py",
            "src/guanjia/services/crm/__init__.py: no docstring",
        ],
    ),
    house.empty_names: (
        {
            "src/guanjia/kit/utils.py": "",
            "web/common/a.ts": "",
            "web/base.css": "",
            "docs/basement.md": "",
        },
        ["src/guanjia/kit/utils.py", "web/base.css", "web/common/a.ts"],
    ),
    house.long_files: (
        {
            "src/long.py": "pass\n" * 501,
            "src/short.py": "pass\n" * 500,
            "web/api/generated/types.ts": "\n" * 900,
            "src/guanjia/services/crm/migrations/0001_start.py": "\n" * 900,
        },
        ["src/long.py: 501 lines"],
    ),
    house.han_outside_locales: (
        {
            "web/console/Page.vue": "<p>\n  \u5ba2\u6237</p>",
            "web/console/locales/zh.ts": "'\u5ba2\u6237'",
            "web/console/page.test.ts": "'\u5ba2\u6237'",
        },
        ["web/console/Page.vue:2"],
    ),
    house.unfinished: (
        {"a.py": "x = 1  # TODO later\n", "Makefile": "# FIXME", "b.py": "raise NotImplementedError\n"},
        ["Makefile:1", "a.py:1", "b.py:1"],
    ),
    house.places_of_one_machine: (
        {"a.md": "see /root/x\n", "b.toml": "u = 'https://pypi.org'", "c.md": "docs/work/x, ~/work/x"},
        ["a.md:1", "b.toml:1"],
    ),
    house.hosts_in_locks: (
        {
            "requirements.lock": "--index-url x\na==1 \\\n    --hash=sha256:0\nb @ https://host/b.whl\n",
            "web/package-lock.json": '{"packages": {"a": {"resolved": "x"}, "b": {"integrity": "x"}}}',
            "web/.npmrc": "registry=x\n",
        },
        ["requirements.lock:1", "requirements.lock:4", "web/.npmrc", "web/package-lock.json: a"],
    ),
    house.forked_migrations: (
        {
            "src/guanjia/services/crm/migrations/0001_start.py": "revision = '1'\ndown_revision = None\n",
            "src/guanjia/services/crm/migrations/0002_tags.py": "revision = '2'\ndown_revision: str = '1'\n",
            "src/guanjia/services/crm/migrations/0003_phones.py": "revision = '3'\ndown_revision = '1'\n",
            "src/guanjia/services/crm/migrations/0003_remarks.py": "revision = '4'\n",
        },
        [
            "src/guanjia/services/crm/migrations/0003_phones.py: follows '1', not '2'",
            "src/guanjia/services/crm/migrations/0003_remarks.py: not named 0004_<what it does>.py",
            "src/guanjia/services/crm/migrations/0003_remarks.py: revision and down_revision are not both constants",
        ],
    ),
    house.unexplained_dependencies: (
        {
            "pyproject.toml": (
                '[project]\ndependencies = ["aiohttp~=3.14", "psycopg[binary]~=3.3"]\n'
                '[dependency-groups]\ndev = ["pytest"]\n'
            ),
            "web/package.json": '{"dependencies": {"vue": "3.5.45"}}',
            "docs/decisions/dependencies.md": "| `psycopg` | why |\n| `vue` | why |\n| `six` | why |\n",
        },
        ["aiohttp", "pytest", "six"],
    ),
}


@pytest.fixture(scope="module")
def repository() -> house.Sources:
    return house.repository()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_repository_keeps_the_rule(check: Callable[[house.Sources], list[str]], repository: house.Sources) -> None:
    assert check(repository) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_rule_finds_what_breaks_it(check: Callable[[house.Sources], list[str]], tmp_path: Path) -> None:
    tree, findings = CHECKS[check]
    for name, content in tree.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    assert check(house.folder_as_sources(tmp_path)) == findings


def test_the_repository_is_not_empty(repository: house.Sources) -> None:
    assert len(repository.files) > 50
    assert {"auth", "chat", "crm", "emulator", "gateway", "wechat"} <= set(repository.services)

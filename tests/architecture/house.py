"""The rules of ARCHITECTURE.md that imports cannot show, as functions from a source tree to findings."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]

SERVICES = "src/guanjia/services"
SERVICE_PARTS = {
    *("manifest", "routes", "listeners", "jobs", "actions", "queries"),
    *("rules", "models", "schemas", "settings", "migrations"),
}
# These may add files, each named in the docstring of the service.
SERVICES_WITH_MORE = {"gateway", "emulator", "wechat"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
LONGEST_FILE = 500

HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b|raise NotImplementedError")
MACHINE_PATH = re.compile(r"(?<![\w/.:$}~-])/(?:root|work|home/[a-z]\w*|Users/\w+)/")
REGISTRY_HOST = re.compile(r"pypi\.org|pythonhosted|npmjs\.|npmmirror|deb\.debian")
# Where the words above stand as words to look for.
RULES = "tests/architecture"
CODE = {".py", ".ts", ".vue", ".js", ".mjs", ".css", ".html", ".sh", ".toml", ".yaml", ".yml", ".cfg"}
BINARY = {".png", ".jpg", ".webp", ".ico", ".amr", ".mp3", ".wav", ".woff2", ".gz", ".br", ".pdf", ".zip"}


@dataclass(frozen=True)
class Sources:
    """A source tree: where it lies, and the files that belong to it."""

    root: Path
    files: tuple[PurePosixPath, ...]

    def text(self, file: PurePosixPath) -> str:
        return (self.root / file).read_text("utf-8")

    def under(self, folder: str) -> Iterator[PurePosixPath]:
        return (file for file in self.files if file.is_relative_to(folder))

    def ending(self, *suffixes: str) -> Iterator[PurePosixPath]:
        return (file for file in self.files if file.suffix in suffixes)

    @cached_property
    def services(self) -> list[str]:
        """Ids of the services: the folders of the services' package."""
        depth = len(PurePosixPath(SERVICES).parts)
        return sorted({file.parts[depth] for file in self.under(SERVICES) if len(file.parts) > depth + 1})


def repository() -> Sources:
    """What Git tracks or would track: nothing made, nothing ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(filter(None, listed.stdout.split("\0")))
    return Sources(ROOT, tuple(PurePosixPath(name) for name in names if (ROOT / name).is_file()))


def folder_as_sources(root: Path) -> Sources:
    """Every file of a folder, for trees that a test makes."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return Sources(root, tuple(PurePosixPath(file.relative_to(root)) for file in files))


def docstring(source: str) -> str:
    return ast.get_docstring(ast.parse(source)) or ""


def foreign_service_files(sources: Sources) -> list[str]:
    """Python files and folders of a service that its anatomy does not know."""
    found = []
    for service in sources.services:
        home = PurePosixPath(SERVICES, service)
        inside = [file.relative_to(home) for file in sources.under(str(home)) if file.suffix == ".py"]
        allowed = set(SERVICE_PARTS)
        if service in SERVICES_WITH_MORE and PurePosixPath("__init__.py") in inside:
            allowed |= set(re.findall(r"\w+", docstring(sources.text(home / "__init__.py"))))
        names = {file.parts[0].removesuffix(".py") for file in inside} - {"__init__"}
        found += [f"{home}/{name}" for name in sorted(names - allowed)]
    return found


def ill_made_services(sources: Sources) -> list[str]:
    """Services without a manifest, without a docstring, or with code beside it."""
    found = []
    for service in sources.services:
        home = PurePosixPath(SERVICES, service)
        inside = {file.relative_to(home).parts[0] for file in sources.under(str(home))}
        if not inside & {"manifest.py", "manifest"}:
            found.append(f"{home}: no manifest.py")
        start = home / "__init__.py"
        if start not in sources.files or not docstring(sources.text(start)):
            found.append(f"{start}: no docstring")
        elif len(ast.parse(sources.text(start)).body) > 1:
            found.append(f"{start}: code")
    return found


def empty_names(sources: Sources) -> list[str]:
    """Files and folders whose name says nothing of what is in them."""
    return [
        str(file)
        for file in sources.files
        if EMPTY_NAMES & {part.split(".")[0].strip("_").lower() for part in file.parts}
    ]


def is_generated(file: PurePosixPath) -> bool:
    return bool({"migrations", "generated"} & set(file.parts))


def long_files(sources: Sources) -> list[str]:
    """Hand-written sources that should be a folder, split by noun."""
    lengths = (
        (file, sources.text(file).count("\n"))
        for file in sources.ending(".py", ".ts", ".vue")
        if not is_generated(file)
    )
    return [f"{file}: {length} lines" for file, length in lengths if length > LONGEST_FILE]


def han_outside_locales(sources: Sources) -> list[str]:
    """Words of the pages that stand in code and not in a catalogue; tests may quote what people write."""
    return [
        f"{file}:{number}"
        for file in sources.ending(".vue", ".ts")
        if "locales" not in file.parts and not file.name.endswith((".test.ts", ".spec.ts"))
        for number, line in enumerate(sources.text(file).splitlines(), 1)
        if HAN.search(line)
    ]


def unfinished(sources: Sources) -> list[str]:
    """Marks of work that was left for later."""
    return [
        f"{file}:{number}"
        for file in sources.files
        if (file.suffix in CODE or not file.suffix) and not file.is_relative_to(RULES)
        for number, line in enumerate(sources.text(file).splitlines(), 1)
        if UNFINISHED.search(line)
    ]


def places_of_one_machine(sources: Sources) -> list[str]:
    """Absolute paths of somebody's machine, and hosts of package registries."""
    return [
        f"{file}:{number}"
        for file in sources.files
        if file.suffix not in BINARY and file.name != "package-lock.json" and not file.is_relative_to(RULES)
        for number, line in enumerate(sources.text(file).splitlines(), 1)
        if MACHINE_PATH.search(line) or REGISTRY_HOST.search(line)
    ]


def hosts_in_locks(sources: Sources) -> list[str]:
    """Addresses in what pins the dependencies: a lock must work behind any mirror."""
    found = []
    for file in sources.files:
        if file.suffix == ".lock":
            found += [
                f"{file}:{number}"
                for number, line in enumerate(sources.text(file).splitlines(), 1)
                if "://" in line or re.match(r"\s*--(?!hash=)", line)
            ]
        elif file.name == "package-lock.json":
            packages = json.loads(sources.text(file))["packages"]
            found += [f"{file}: {name}" for name, entry in packages.items() if "resolved" in entry]
        elif file.name == ".npmrc" and re.search(r"(?m)^\s*(@\w+:)?registry\s*=", sources.text(file)):
            found.append(str(file))
    return found


def revision_of(source: str) -> dict[str, object]:
    """The constants `revision` and `down_revision` of a migration."""
    values = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign):
            targets: list[ast.expr] = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name) and target.id in {"revision", "down_revision"} and statement.value:
                values[target.id] = ast.literal_eval(statement.value)
    return values


def forked_migrations(sources: Sources) -> list[str]:
    """Migrations that are not one line from one beginning to one head, in the order of their numbers."""
    found = []
    for service in sources.services:
        folder = PurePosixPath(SERVICES, service, "migrations")
        steps = [file for file in sources.under(str(folder)) if file.suffix == ".py" and file.stem != "__init__"]
        expected: object = None
        for number, file in enumerate(steps, 1):
            values = revision_of(sources.text(file))
            if not re.fullmatch(rf"{number:04}_[a-z0-9_]+\.py", file.name):
                found.append(f"{file}: not named {number:04}_<what it does>.py")
            if "revision" not in values or "down_revision" not in values:
                found.append(f"{file}: revision and down_revision are not both constants")
            elif values["down_revision"] != expected:
                found.append(f"{file}: follows {values['down_revision']!r}, not {expected!r}")
            expected = values.get("revision")
    return found


def declared_dependencies(sources: Sources) -> set[str]:
    """Names of all direct dependencies, of Python and of the pages."""
    project = tomllib.loads(sources.text(PurePosixPath("pyproject.toml")))
    lines = list(project["project"]["dependencies"])
    for group in project.get("dependency-groups", {}).values():
        lines += group
    names = {re.split(r"[\s\[<>=~!;]", line, maxsplit=1)[0] for line in lines}
    manifest = PurePosixPath("web/package.json")
    if manifest in sources.files:
        pages = json.loads(sources.text(manifest))
        names |= {*pages.get("dependencies", {}), *pages.get("devDependencies", {})}
    return names


def unexplained_dependencies(sources: Sources) -> list[str]:
    """Dependencies without a reason in docs/decisions/dependencies.md, and reasons without a dependency."""
    page = sources.text(PurePosixPath("docs/decisions/dependencies.md"))
    explained = set(re.findall(r"(?m)^\| `([^`]+)` \| \S", page))
    return sorted(declared_dependencies(sources) ^ explained)

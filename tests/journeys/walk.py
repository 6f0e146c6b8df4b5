"""Looks at a page as it stands: its words, its width, its accessibility; and keeps a picture of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
ALLOWED = Path(__file__).with_name("axe_allowed.json")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
# What a reader sees or hears; names of permissions and the like stand in `code`.
WORDS = """() => {
    const shown = [document.title]
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest('code, script, style')) shown.push(walker.currentNode.data)
    for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
        for (const one of document.querySelectorAll(`[${name}]`)) shown.push(one.getAttribute(name))
    return shown.join('\\n')
}"""
# What a click sets moving begins a frame or two later, and one motion may set off another.
SETTLED = """async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    const moving = () => document.getAnimations().filter((one) => {
        return one.playState === 'running' && Number.isFinite(one.effect.getComputedTiming().endTime)
    })
    await frame()
    while (moving().length > 0) {
        await Promise.all(moving().map((one) => one.finished.catch(() => null)))
        await frame()
    }
}"""
RUN_AXE = "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations'], preload: false})"


def word_key() -> re.Pattern[str]:
    """What a key of the locale files looks like when the page shows it instead of its words."""
    files = [one for one in (ROOT / "web").glob("*/**/locales/zh-CN.json") if "node_modules" not in one.parts]
    names = {name for file in files for name in json.loads(file.read_text(encoding="utf-8"))}
    assert len(names) > 10, names
    return re.compile(rf"(?<![\w.@/-])(?:{'|'.join(sorted(names))})(?:\.[a-z][a-zA-Z0-9_-]*)+(?![\w/@])")


def allowed(language: str, theme: str) -> set[tuple[str, str]]:
    """Page and rule of each known finding that nobody has mended yet, in this language and theme."""
    entries: list[dict[str, str]] = json.loads(ALLOWED.read_text(encoding="utf-8"))
    return {
        (entry["page"], entry["rule"]) for entry in entries if (entry["language"], entry["theme"]) == (language, theme)
    }


class Walk:
    """One walk, in one language and one theme."""

    def __init__(self, language: str, theme: str, folder: Path) -> None:
        self.language = language
        self.theme = theme
        self.seen: list[str] = []
        self.findings: dict[tuple[str, str], str] = {}
        self.faults: list[str] = []
        self._folder = folder / f"{language}-{theme}"
        self._axe = AXE.read_text(encoding="utf-8")
        self._key = word_key()

    def see(self, page: Page, name: str) -> None:
        """Look at the page, which the list of findings calls ``name``."""
        assert name not in self.seen, name
        self.seen.append(name)
        for frame in page.frames:
            frame.evaluate(SETTLED)
        page.screenshot(path=self._folder / f"{name}.png")
        for frame in page.frames:
            for key in self._key.findall(frame.evaluate(WORDS)):
                self.faults.append(f"{name}: no words for {key}")
            frame.evaluate(self._axe)
        wide, window = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        if wide > window:
            self.faults.append(f"{name}: {wide} points wide, {window} are there")
        lang = page.evaluate("() => document.documentElement.lang")
        is_dark = page.evaluate("() => document.documentElement.classList.contains('dark')")
        if (lang, is_dark) != (self.language, self.theme == "dark"):
            self.faults.append(f"{name}: shown in {lang}, {'dark' if is_dark else 'light'}")
        for violation in page.evaluate(RUN_AXE, TAGS)["violations"]:
            self.findings[name, violation["id"]] = _told(violation)

    def judge(self) -> None:
        """Nothing is wrong but what is known, and what is known is still there."""
        known = allowed(self.language, self.theme)
        new = [f"{page}: {told}" for (page, rule), told in self.findings.items() if (page, rule) not in known]
        gone = [f"{page}: {rule} is mended: remove it from {ALLOWED.name}" for page, rule in known - set(self.findings)]
        wrong = [*self.faults, *new, *gone]
        assert not wrong, "\n".join(wrong)


def _told(violation: dict[str, Any]) -> str:
    nodes = [f"    {node['target']} {_facts(node)}" for node in violation["nodes"][:5]]
    return "\n".join([f"{violation['id']}: {violation['help']}, {len(violation['nodes'])} nodes", *nodes])


def _facts(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return "; ".join(check["message"] for check in checks) + " " + str(node["html"])[:160]

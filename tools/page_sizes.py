"""What a first visit to each page loads, in KiB after gzip -9, against its budget."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

PAGES = Path(__file__).resolve().parent.parent / "src" / "guanjia" / "web"

# The scripts and styles that an app's index.html names.
APP_BUDGETS_KIB = {"console": 110, "phone": 110, "h5": 110, "widget": 10}
# All that a page of an app needs, the app's frame and its Chinese words included.
PAGE_BUDGETS_KIB = {"console": 180, "h5": 150}
# Pages that may need more, by the end of their source's name, each with its reason.
WIDER_BUDGETS_KIB = {
    "DashboardPage.vue": 330,  # charts
}
FRAMES = {"console": "console/src/shell/ShellFrame.vue"}

Manifest = dict[str, dict[str, Any]]


def needed(manifest: Manifest, sources: list[str]) -> set[str]:
    """The files that sources load before they can run: their own, what they import, the styles."""
    files: set[str] = set()
    seen: set[str] = set()
    waiting = list(sources)
    while waiting:
        source = waiting.pop()
        if source in seen or source not in manifest:
            continue
        seen.add(source)
        entry = manifest[source]
        files |= {entry["file"], *entry.get("css", [])}
        waiting += entry.get("imports", [])
    return files


def kib(files: set[str]) -> float:
    """Size of files as they travel."""
    return sum(len(gzip.compress((PAGES / file).read_bytes(), 9)) for file in files) / 1024


def measured(manifest: Manifest) -> list[tuple[str, float, int]]:
    """(what, KiB, budget) of each app and of each of its pages."""
    rows: list[tuple[str, float, int]] = []
    for app, budget in APP_BUDGETS_KIB.items():
        index = f"{app}/index.html"
        if index not in manifest:
            continue
        rows.append((f"{app}: start", kib(needed(manifest, [index])), budget))
        frame = [
            index,
            FRAMES.get(app, ""),
            *(name for name in manifest if name.endswith("locales/zh-CN.json")),
        ]
        for source, entry in sorted(manifest.items()):
            is_page = entry.get("isDynamicEntry") and source.startswith(f"{app}/") and source.endswith("Page.vue")
            if is_page and app in PAGE_BUDGETS_KIB:
                wider = [limit for end, limit in WIDER_BUDGETS_KIB.items() if source.endswith(end)]
                limit = max([PAGE_BUDGETS_KIB[app], *wider])
                rows.append((f"{app}: {Path(source).stem}", kib(needed(manifest, [*frame, source])), limit))
    return rows


def main() -> int:
    """Status 0 if every app and page is within its budget."""
    found = PAGES / ".vite" / "manifest.json"
    if not found.is_file():
        print(f"no {found.relative_to(PAGES.parent)}: the pages are not built")
        return 1
    rows = measured(json.loads(found.read_text("utf-8")))
    for what, size, budget in rows:
        print(f"{what:<40} {size:6.1f} of {budget} KiB{'   TOO LARGE' if size > budget else ''}")
    return 1 if not rows or any(size > budget for _, size, budget in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

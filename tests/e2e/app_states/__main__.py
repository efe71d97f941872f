# SPDX-License-Identifier: EUPL-1.2
"""Photographs every page and state: ``make screenshots``, or ``python -m`` this with names of some.

To ``var/screenshots/{phone,desktop}/{light,dark}/{bg,en}/NAME.png``, and ``index.html`` shows all.
"""

import sys
from html import escape
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

import tests
from tests.e2e.app_page import PHONE
from tests.e2e.app_states import State, all_states, shown
from tests.e2e.conftest import FLAGS
from tests.needs import program

FOLDER = Path(tests.__file__).parent.parent / "var" / "screenshots"
SIZES = {"phone": PHONE, "desktop": {"width": 1280, "height": 800}}
THEMES = ("light", "dark")
LANGUAGES = ("bg", "en")
SETTLING_MS = 250  # charts draw anew in the other theme's colours
_SHEET = """<!doctype html><meta charset="utf-8"><title>Iskar: screenshots</title>
<style>
body {{ font: 15px system-ui; margin: 24px; }} section {{ overflow-x: auto; white-space: nowrap; }}
figure {{ display: inline-block; margin: 0 12px 12px 0; vertical-align: top; }}
img {{ height: 420px; border: 1px solid #999; }}
</style>
<h1>Iskar: {count} states</h1>
{sections}
"""


def photograph(browser: Browser, state: State, folder: Path) -> list[Path]:
    """Return the pictures taken of one state, relative to ``folder``."""
    taken: list[Path] = []
    for size, viewport in SIZES.items():
        with shown(browser, state, viewport=viewport) as page:
            for language, theme in product(LANGUAGES, THEMES):
                page.get_by_role("button", name=language.upper(), exact=True).click()
                page.emulate_media(color_scheme=theme)
                page.wait_for_timeout(SETTLING_MS)
                picture = Path(size, theme, language, f"{state.name}.png")
                page.screenshot(path=folder / picture, full_page=True)
                taken.append(picture)
    return taken


def sheet(taken: dict[str, list[Path]]) -> str:
    """Return a page that shows all pictures, those of a state side by side."""
    sections = "\n".join(
        f"<h2>{escape(name)}</h2><section>{''.join(map(_figure, pictures))}</section>"
        for name, pictures in taken.items()
    )
    return _SHEET.format(count=len(taken), sections=sections)


def _figure(picture: Path) -> str:
    what = escape(" ".join(picture.parts[:-1]))
    address = escape(picture.as_posix())
    return (
        f'<figure><figcaption>{what}</figcaption><a href="{address}">'
        f'<img loading="lazy" src="{address}" alt="{what}"></a></figure>'
    )


def main(names: list[str]) -> int:
    """Photograph the states named, or all; return the exit status."""
    states = [state for state in all_states() if not names or state.name in names]
    taken: dict[str, list[Path]] = {}
    with sync_playwright() as playwright:
        chromium = program("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for state in states:
            taken[state.name] = photograph(browser, state, FOLDER)
            print(state.name, flush=True)
        browser.close()
    (FOLDER / "index.html").write_text(sheet(taken))
    print(FOLDER / "index.html")
    return 0 if states else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

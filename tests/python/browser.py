"""Opens a report in Chromium and tells as JSON what a person would find there: browser.py REPORT.html [SCREENSHOTS]

What is told: `requests` that were not for the file itself, `complaints` of the console, `overflow` in pixels at 390 and 1440,
`axe`: faults of accessibility that axe-core calls serious or critical, in both themes; whether tables `sorts`, whether the
`filter` hides rows, what a long table's `pages` show, the themes that the button goes through, whether `zoom` opens and closes, and `bare`: what of the page is
hidden without its script. With a folder, screenshots of the whole page in both widths and themes are left there.
"""

import json
import pathlib
import shutil
import sys

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

WIDTHS = (390, 1440)
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def chromium():
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    return next(path for path in found if path)


def faults(page):
    """Serious and critical ones, as `rule: number of places, the first of them`."""
    result = Axe().run(page).response["violations"]
    return [f"{of['id']}: {len(of['nodes'])}, {of['nodes'][0]['html'][:160]}" for of in result
            if of["impact"] in ("serious", "critical")]


def sorts(page):
    """Whether a click on each heading of the first sortable table orders its rows, both ways."""
    table = page.locator("table.sortable").first
    if table.count() == 0 or table.locator("tbody tr").count() < 2:
        return None
    order = lambda: table.locator("tbody tr").all_inner_texts()
    heading = table.locator("thead th button").first
    heading.click()
    up = order()
    heading.click()
    down = order()
    is_told = table.locator("thead th").first.get_attribute("aria-sort") == "descending"
    return is_told and up == down[::-1]


def main():
    path, shots = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else None
    told = {"requests": [], "complaints": [], "overflow": {}, "axe": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for theme in ("light", "dark"):
            for width in WIDTHS:
                context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, offline=True)
                page = context.new_page()
                page.on("request", lambda request: told["requests"].append(request.url) if request.url != path.as_uri() else None)
                page.on("console", lambda message: told["complaints"].append(message.text)
                        if message.type in ("error", "warning") else None)
                page.on("pageerror", lambda error: told["complaints"].append(str(error)))
                page.goto(path.as_uri())
                told["overflow"][str(width)] = max(told["overflow"].get(str(width), 0), page.evaluate(OVERFLOW))
                told["axe"] += [f"{theme} {width}: {fault}" for fault in faults(page)]
                if shots:
                    page.evaluate("document.querySelectorAll('details').forEach(of => of.open = true)")
                    page.screenshot(path=f"{shots}/{path.stem}-{theme}-{width}.png", full_page=True)
                context.close()
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
        page.goto(path.as_uri())
        told["sorts"] = sorts(page)
        filters = page.locator(".filter input")
        if filters.count():
            filters.first.fill("no row has these words")
            told["filter"] = page.locator("table.filterable").first.locator("tbody tr:visible").count()
            filters.first.fill("")
        pagers = page.locator("#leaderboard .pager")
        if pagers.count():
            shown = lambda: page.locator("#leaderboard tbody tr:visible").all_inner_texts()
            pages = [shown()]
            while pagers.first.locator("button").last.is_enabled():
                pagers.first.locator("button").last.click()
                pages.append(shown())
            rows = [row for of in pages for row in of]
            told["pages"] = {"rows": [len(of) for of in pages], "differ": len(set(rows)) == len(rows)}
        ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
        button, told["themes"] = page.locator("#theme"), [ground()]
        for _ in range(3):
            button.click()
            told["themes"].append(ground())
        enlarge = page.locator(".enlarge").first
        if enlarge.count():
            enlarge.focus()
            page.keyboard.press("Enter")
            is_open = page.locator("dialog[open] svg").count() == 1
            page.keyboard.press("Escape")
            told["zoom"] = is_open and page.locator("dialog[open]").count() == 0
        page.close()
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(path.as_uri())
        told["sections"] = page.locator("main section:visible").count()
        told["charts"] = page.locator("figure svg:visible").count()
        browser.close()
    print(json.dumps(told))


if __name__ == "__main__":
    main()

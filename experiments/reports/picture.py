"""A picture of the top of a report, as a browser shows it: picture.py REPORT.html PICTURE.png"""

import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

report, picture = map(pathlib.Path, sys.argv[1:3])
chromium = next(path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path)
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1200, "height": 1000}, color_scheme="light", offline=True)
    page.goto(report.resolve().as_uri())
    page.screenshot(path=picture)
    browser.close()

"""Opens an example notebook in JupyterLab in Chromium, in both themes, and looks whether a person sees its outputs.

    PYTHON tests/python/lab.py JUPYTER SCREENSHOTS [NOTEBOOK]

PYTHON has Playwright, JUPYTER is the `jupyter` that runs JupyterLab. The committed outputs must show: tables whose rows stand there and
sort at a click, charts in the theme's colours, no horizontal overflow, and no complaint of the console about them. Screenshots of the whole
notebook, a screen each, are left in the folder SCREENSHOTS, to be looked at. Ends with 1 at the first thing that is not so.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from browser import chromium
from playwright.sync_api import sync_playwright

NOTEBOOKS = pathlib.Path(__file__).resolve().parents[2] / "notebooks"
PANEL = "document.querySelector('.jp-WindowedPanel-outer')"
# Charts of the output that is on the screen: how many of each theme have a size.
CHARTS = "(theme) => [...document.querySelectorAll(`.automl .${theme} svg`)].filter((svg) => svg.getBoundingClientRect().height > 50).length"


def check(is_so, what):
    if not is_so:
        sys.exit(what)


def set_up(folder, theme):
    """What a person chooses in the menu Settings: the theme, and no questions about news."""
    own = folder / ".settings" / "@jupyterlab" / "apputils-extension"
    own.mkdir(parents=True, exist_ok=True)
    (own / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
    (own / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))


def serve(jupyter, folder):
    """JupyterLab on a free port, with settings of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(folder / ".config")}
    options = [f"--LabApp.user_settings_dir={folder / '.settings'}", "--no-browser", f"--port={port}", "--IdentityProvider.token=look", "--allow-root", f"--ServerApp.root_dir={folder}"]
    server = subprocess.Popen([jupyter, "lab", *options], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{url}/api?token=look", timeout=5)
            return server, url
        except OSError:
            check(server.poll() is None, f"`jupyter lab` ended with {server.returncode}")
            time.sleep(0.25)
    sys.exit("JupyterLab did not answer in a minute")


def look(page, theme, shots, name):
    """Goes through the notebook, a screen at a time; returns how many charts were seen of the theme and of the other."""
    height = page.evaluate(f"{PANEL}.scrollHeight")
    seen = {"light": 0, "dark": 0}
    for number, top in enumerate(range(0, height, 850)):
        page.evaluate(f"{PANEL}.scrollTop = {top}")
        page.wait_for_timeout(400)
        for of in seen:
            seen[of] = max(seen[of], page.evaluate(CHARTS, of))
        overflow = page.evaluate("Math.max(0, ...[...document.querySelectorAll('.jp-OutputArea-output')].map((e) => e.scrollWidth - e.clientWidth))")
        check(overflow <= 1, f"{theme}: an output is {overflow} pixels too wide")
        page.screenshot(path=str(shots / f"{name}-{theme}-{number}.png"))
    return seen


def main():
    jupyter, shots = sys.argv[1], pathlib.Path(sys.argv[2])
    name = sys.argv[3] if len(sys.argv) > 3 else "01-quickstart"
    shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = pathlib.Path(scratch)
        shutil.copy(NOTEBOOKS / f"{name}.ipynb", folder)
        subprocess.run([jupyter, "trust", str(folder / f"{name}.ipynb")], check=True, stdout=subprocess.DEVNULL)
        set_up(folder, "JupyterLab Light")
        server, url = serve(jupyter, folder)
        try:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            complaints = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(f"{url}/doc/tree/{name}.ipynb?token=look")
            page.wait_for_selector(".automl table", timeout=120_000)
            page.wait_for_selector(".jp-Toolbar-kernelName:has-text('Rust (automl')", timeout=120_000)
            table = page.locator(".automl table").first
            rows = lambda: table.locator("tbody tr").all_inner_texts()
            check(len(rows()) >= 5, f"a table has {len(rows())} rows")
            seen = look(page, "light", shots, name)
            check(seen["light"] > 0 and seen["dark"] == 0, f"charts in the light theme: {seen}")
            page.evaluate(f"{PANEL}.scrollTop = 0")
            sortable = page.locator(".automl table:has(th button)").first
            sortable.wait_for(timeout=30_000)
            order = lambda: sortable.locator("tbody tr").all_inner_texts()
            before, heading = order(), sortable.locator("th button").first
            heading.click()
            first = order()
            heading.click()
            check(sorted(before) == sorted(first) and first == order()[::-1], "a table does not sort at a click")
            set_up(folder, "JupyterLab Dark")
            page.goto(f"{url}/doc/tree/{name}.ipynb?token=look&reset")
            page.wait_for_selector("body[data-jp-theme-light='false'] .automl table", timeout=120_000)
            seen = look(page, "dark", shots, name)
            check(seen["dark"] > 0 and seen["light"] == 0, f"charts in the dark theme: {seen}")
            check(not complaints, f"the page complains: {complaints}")
            browser.close()
        finally:
            server.terminate()
            server.wait(timeout=60)
    print(f"{name} shows in JupyterLab, light and dark: {shots}", flush=True)


if __name__ == "__main__":
    main()

"""Runs Debian's chromium without a window, and controls a page in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.servers.plugin import not_tested

EVIL = "evil.example"
APP = "app.example"
_RESOLVER = f"MAP {EVIL} 127.0.0.1, MAP {APP} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
"""The names lead here, as those of DNS rebinding do; nothing else leads anywhere: no test needs the internet."""

_ACTIONS = Path(__file__).with_name("actions.js").read_text()
WAIT = 60


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """Starts a browser with an empty profile; the tests are not run where there is none."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        not_tested("pages in a browser", "chromium is not installed (install Debian's chromium and chromium-driver)")
    options = ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless=new",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-dev-shm-usage",
        f"--host-resolver-rules={_RESOLVER}",
        f"--user-data-dir={profile}",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options, Service(driver))
    browser.set_script_timeout(WAIT)
    browser.set_page_load_timeout(WAIT)
    try:
        yield browser
    finally:
        browser.quit()


def act(browser: Chrome, action: str, **arguments: Any) -> str:
    """Has the page do something; returns what it could see of the response.

    That is ``read STATUS CONTENT``, ``sent`` where the page may not look, or ``failed`` where the browser or the
    server refused it. Actions are those of ``actions.js``.
    """
    script = f"{_ACTIONS}\nconst done = arguments[0];\nact({json.dumps(action)}, {json.dumps(arguments)}).then(done);"
    return str(browser.execute_async_script(script))

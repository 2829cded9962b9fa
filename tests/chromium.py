"""Debian's chromium, to look at pages with; CI installs it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
START_TIMEOUT_S = 60


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. As root it has no sandbox: it is given our own pages only."""
    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=BINARY, args=arguments, timeout=START_TIMEOUT_S * 1000, chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield browser
        finally:
            browser.close()

"""A headless Chromium on the running Superset of this home, or on the one of CX_SUPERSET (a file with its `address` and
`passwords`); skipped with a clear word where either is missing."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("CX_HOME") or ROOT / ".cx")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PATIENCE = 40_000  # milliseconds: the first chart after a start takes seconds


@pytest.fixture(scope="session")
def given() -> dict[str, Any]:
    """Of a Superset that is not this home's."""
    return dict(json.loads(Path(os.environ["CX_SUPERSET"]).read_text())) if "CX_SUPERSET" in os.environ else {}


@pytest.fixture(scope="session")
def address(given: dict[str, Any]) -> str:
    if given:
        return str(given["address"])
    try:
        port = json.loads((HOME / "superset.json").read_text())["port"]
    except (OSError, ValueError, KeyError):
        pytest.skip("no Superset runs here: make dashboards")
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def passwords(given: dict[str, Any]) -> dict[str, str]:
    if given:
        return dict(given["passwords"])
    path = HOME / "superset" / "secrets.json"
    if not path.exists():
        pytest.skip("no Superset was set up here: make dashboards")
    return dict(json.loads(path.read_text())["passwords"])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("no Chromium on this machine (on Debian and Ubuntu: apt install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make browser")
    with sync_api.sync_playwright() as driver:
        # no sandbox of its own: it has none to make as root, and only our own pages are opened
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def login(chromium, address: str, passwords: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """`login(user, size, dark)`: a page of that user, logged in once for each combination."""
    contexts: dict[tuple[object, ...], Any] = {}

    def page_of(user: str, size: tuple[int, int] = (1440, 900), dark: bool = False) -> Any:
        key = (user, size, dark)
        if key not in contexts:
            context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, base_url=address)
            context.set_default_timeout(PATIENCE)
            if dark:
                context.add_init_script("localStorage.setItem('superset-theme-mode', 'dark')")
            page = context.new_page()
            page.goto("/login/")
            page.get_by_label("Username").fill(user)
            page.locator("input[type=password]").fill(passwords[user])
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "/login" not in url)
            page.close()
            contexts[key] = context
        return contexts[key].new_page()

    yield page_of
    for context in contexts.values():
        context.close()

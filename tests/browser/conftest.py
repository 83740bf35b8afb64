"""A real browser, Debian's chromium; without it, or without playwright, these tests are skipped.

`uv pip install --group browser` installs playwright and axe; `pytest tests/browser` runs the tests.
"""

import shutil

import pytest

BROWSER = shutil.which("chromium")


@pytest.fixture(scope="session")
def chromium():
    """Gives the browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if BROWSER is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


class Page:
    """A page of the browser, and what it complained about or asked of the network."""

    def __init__(self, chromium, **options):
        self.tab = chromium.new_page(**options)
        self.complaints, self.requests = [], []
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("console", self.hear)
        self.tab.on("request", lambda request: self.requests.append(request.url))

    def hear(self, message):
        if message.type == "error":
            self.complaints.append(message.text)

    def elsewhere(self, *own: str) -> list[str]:
        """Gives the requests that went to another place than these, or the page itself."""
        return [url for url in self.requests if not url.startswith((*own, "data:", "blob:"))]


@pytest.fixture
def new_page(chromium):
    """Gives a function that opens an empty page."""
    pages = []

    def new_page(**options) -> Page:
        pages.append(Page(chromium, **options))
        return pages[-1]

    yield new_page
    for page in pages:
        page.tab.close()

"""The book as a reader has it, opened from the disk; `make book` has to come first."""

import pytest

from mmhelpers.data import ROOT
from mmhelpers.runs.files import find_notebooks

BOOK = ROOT / "build" / "book"
STEMS = [path.stem for path in find_notebooks()]
MEGABYTES = 25
LEVEL_A = {"runOnly": ["wcag2a", "wcag21a"], "resultTypes": ["violations"]}
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
CUT_OFF = "parts => parts.filter(p => p.scrollWidth > p.clientWidth + 1).map(p => p.innerText)"
TOO_WIDE = """formulas => formulas.map(f => [f, f.closest("section")])
    .filter(([f, s]) => f.getBoundingClientRect().right > s.getBoundingClientRect().right + 1)
    .map(([f]) => f.closest(".math").textContent)"""
NO_PICTURE = "images => images.filter(i => i.alt == '' || i.naturalWidth == 0).map(i => i.src)"


@pytest.fixture
def read(new_page):
    """Gives a function that opens a page of the book and waits until its mathematics is there."""
    assert (BOOK / "index.html").exists(), "run make book first"

    def read(page: str, **options):
        opened = new_page(**options)
        opened.tab.goto(f"{BOOK.as_uri()}/{page}")
        if opened.tab.locator("script[src*=tex-svg]").count():
            opened.tab.evaluate("async () => { await MathJax.startup.promise }")
        return opened

    return read


def violations(page, options, within=None) -> list[str]:
    """Gives what the page, or a part of it, lacks in accessibility: the rules and the elements."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page.tab, within, options).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("page", ["index", "command_line", "search", *STEMS])
def test_a_page(read, page):
    opened = read(f"{page}.html")
    tab = opened.tab
    assert not opened.complaints
    assert not opened.elsewhere("file:")
    assert tab.locator("mjx-container").count() == tab.locator(".math").count()
    assert not tab.locator("mjx-merror").count()
    assert tab.locator("article img").evaluate_all(NO_PICTURE) == []
    for width in 1400, 800:
        tab.set_viewport_size({"width": width, "height": 1000})
        assert tab.locator("article pre").evaluate_all(CUT_OFF) == []
        assert tab.locator("article mjx-container > svg").evaluate_all(TOO_WIDE) == []
    assert not violations(opened, LEVEL_A)


def test_dark_and_light(read):
    for scheme, dark in ("dark", True), ("light", False):
        page = read("04_backprop_by_hand.html", color_scheme=scheme)
        color = page.tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, color.strip("rgb()").split(", "))) < 3 * 64) == dark
        assert page.tab.locator("mjx-container").count() > 0
        for part in "#five-rules", "article h1 ~ p", "article h2 ~ p", "article div.highlight":
            assert not violations(page, CONTRAST, part)  # of the whole page it takes long


def test_a_solution_unfolds(read):
    tab = read("01_bigram.html").tab
    solution = tab.locator("details.hide").first
    assert not solution.locator("pre").first.is_visible()
    solution.locator("summary").click()
    assert solution.locator("pre").first.is_visible()


def test_to_the_next_page_and_back(read):
    tab = read("01_bigram.html").tab
    tab.locator("a.right-next").click()
    assert tab.url.endswith("02_mlp.html")
    tab.locator("a.left-prev").click()
    assert tab.url.endswith("01_bigram.html")


def test_a_notebook_can_be_taken_along(read):
    link = read("01_bigram.html").tab.locator("a.btn-download-source-button")
    stored = ROOT / "notebooks" / "01_bigram.ipynb"
    assert (BOOK / link.get_attribute("href")).read_bytes() == stored.read_bytes()


def test_search(read):
    page = read("search.html?q=Kneser")
    page.tab.locator("#search-results a[href*='01_bigram.html']").first.wait_for()
    assert not page.complaints
    assert not page.elsewhere("file:")


def test_size():
    assert (BOOK / "index.html").exists(), "run make book first"
    size = sum(path.stat().st_size for path in BOOK.rglob("*") if path.is_file())
    assert size < MEGABYTES * 10**6

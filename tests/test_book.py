"""The site that `make book` makes, on a book of two small notebooks."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmhelpers.data import ROOT

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhf"
    "DwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
HINT = "<details><summary>Hint</summary>Take `exp` of $x$.</details>"
PYTHON = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}


def build(folder: Path, links: str) -> subprocess.CompletedProcess:
    """Builds a book with some links in its first page."""
    alt = {"image/png": {"alt": "A single dot."}}
    figure = new_output("display_data", data={"image/png": PIXEL}, metadata=alt)
    first = [
        new_markdown_cell(f"# 01 · First\n\n{links}\n\n## Where: a heading\n\n{HINT}"),
        new_code_cell("draw()", execution_count=1, outputs=[figure]),
        new_code_cell("# Solution\nx", metadata={"jupyter": {"source_hidden": True}}),
    ]
    second = [new_markdown_cell("# 02 · Second\n\n## Further down")]
    source = folder / "notebooks"
    source.mkdir()
    nbformat.write(new_notebook(cells=first, metadata=PYTHON), source / "01_first.ipynb")
    nbformat.write(new_notebook(cells=second, metadata=PYTHON), source / "02_second.ipynb")
    (source / "index.md").write_text("# A book\n\n```{toctree}\n:glob:\n\n0*\n```\n")
    for name in ("conf.py", "book.css"):
        shutil.copy(ROOT / "notebooks" / name, source)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", source, "book"]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")


def test_a_page(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK_REPOSITORY", "https://github.com/somebody/names")
    ran = build(tmp_path, "[down](#Where:-a-heading), [further](02_second.ipynb#Further-down)")
    assert ran.returncode == 0, ran.stderr
    page = (tmp_path / "book" / "01_first.html").read_text(encoding="utf-8")
    assert 'href="#where-a-heading"' in page and 'href="02_second.html#further-down"' in page
    assert 'alt="A single dot."' in page
    assert "hide-cell" in page and "Solution</span>" in page
    hint = page.partition("<summary>Hint</summary>")[2].partition("</details>")[0]
    assert "<code" in hint and r"\(x\)" in hint
    assert 'src="_static/tex-svg.js' in page and "//cdn" not in page
    assert 'href="_sources/01_first.ipynb"' in page
    assert "https://mybinder.org/v2/gh/somebody/names/main" in page


def test_broken_links_are_told(tmp_path):
    ran = build(tmp_path, "[file](03_gone.ipynb), [here](#Gone), [there](02_second.ipynb#Gone)")
    assert ran.returncode == 1
    assert ran.stderr.count("WARNING") == 3, ran.stderr

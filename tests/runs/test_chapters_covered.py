"""Every chapter of a lecture has its link in the notebook that covers it."""

from collections.abc import Iterable

import nbformat
import pytest
from notebook_list import STEMS, each_notebook, switched_on

from mmhelpers.reference import Chapter, chapters
from mmhelpers.runs.files import ROOT, read_notebook

# Their headings have no links yet: this list only shrinks. (06 covers no chapter.)
NOT_YET: list[str] = []


def not_covered(notebook: nbformat.NotebookNode, wanted: Iterable[Chapter]) -> list[str]:
    """Gives the chapters without a link in a Markdown cell."""
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    return [f"{c.time} {c.title}: {c.link}" for c in wanted if f"({c.link})" not in prose]


@each_notebook
def test_chapters_have_their_links(stem):
    notebook = read_notebook(ROOT / "notebooks" / f"{stem}.ipynb")
    wanted = [c for c in chapters() if c.notebook == stem]
    switched_on(not_covered(notebook, wanted), stem, NOT_YET)


def test_the_list_names_notebooks():
    assert set(NOT_YET) <= set(STEMS)


@pytest.mark.parametrize(
    ("prose", "missing"),
    [
        ("## [Sampling](https://www.youtube.com/watch?v=abc&t=62s)", []),
        ("## [Sampling](https://www.youtube.com/watch?v=abc&t=63s)", ["0:01:02"]),
        ("## Sampling, at 0:01:02", ["0:01:02"]),
        ("## [Sampling](https://www.youtube.com/watch?v=abc&t=620s)", ["0:01:02"]),
    ],
)
def test_links_of_a_tiny_notebook(prose, missing):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(prose)])
    chapter = Chapter("1", "abc", "0:01:02", "sampling", "01_bigram")
    found = not_covered(notebook, [chapter])
    assert [line.partition(" ")[0] for line in found] == missing

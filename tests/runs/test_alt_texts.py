"""Every picture of a notebook says in words what is to be seen."""

import nbformat
import pytest
from notebook_list import STEMS, each_notebook, switched_on

from mmhelpers.runs.files import ROOT, code_cells, read_notebook

# Stored before pictures had alt texts: this list only shrinks.
NOT_YET: list[str] = []
WORDS = 6  # fewer are a title


def without_alt(notebook: nbformat.NotebookNode) -> list[str]:
    """Gives a line for each picture without an alt text of a sentence."""
    found = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata.get("image/png", {}).get("alt", "")
                if len(alt.split()) < WORDS:
                    found.append(f"cell [{cell.execution_count}]: alt text {alt!r}")
    return found


@each_notebook
def test_pictures_have_alt_texts(stem):
    notebook = read_notebook(ROOT / "notebooks" / f"{stem}.ipynb")
    switched_on(without_alt(notebook), stem, NOT_YET)


def test_the_list_names_notebooks():
    assert set(NOT_YET) <= set(STEMS)


@pytest.mark.parametrize(
    ("metadata", "count"),
    [
        ({"image/png": {"alt": "The loss falls steeply and then stays flat."}}, 0),
        ({"image/png": {"alt": "loss"}}, 1),
        ({"image/png": {"width": 800}}, 1),
        ({}, 1),
    ],
)
def test_pictures_of_a_tiny_notebook(metadata, count):
    data = {"image/png": "AAAA", "text/plain": "<Figure>"}
    shown = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    printed = nbformat.v4.new_output("stream", text="no picture\n")
    cell = nbformat.v4.new_code_cell("plot()", execution_count=3, outputs=[printed, shown])
    found = without_alt(nbformat.v4.new_notebook(cells=[cell]))
    assert len(found) == count

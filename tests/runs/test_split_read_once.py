"""The test split is read in one section of one notebook."""

import ast
import re

import nbformat
import pytest
from notebook_list import each_notebook

from mmhelpers.runs.files import ROOT, read_notebook

# Where it may be read, by the start of the section's heading; 02 shows how names are split.
MAY = {"09_generation": "## 1. The test split, once", "02_mlp": ""}


def readers(notebook: nbformat.NotebookNode) -> list[tuple[str, str]]:
    """Gives the section and first line of each cell that names test names, or a loss on them.

    That is a variable that begins with "test_", and the key of a stored loss.
    """
    section, found = "", []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            section = (re.findall(r"^## .*", cell.source, re.MULTILINE) or [section])[-1]
            continue
        nodes = list(ast.walk(ast.parse(cell.source)))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
        if texts & {"test", "test_names"} or any(re.match("test_|test$", name) for name in names):
            found.append((section, cell.source.splitlines()[0]))
    return found


@each_notebook
def test_the_test_split_is_read_in_one_section(stem):
    found = readers(read_notebook(ROOT / "notebooks" / f"{stem}.ipynb"))
    allowed = MAY.get(stem)
    assert not [cell for cell in found if allowed is None or not cell[0].startswith(allowed)]
    assert found or stem not in MAY


@pytest.mark.parametrize(
    ("code", "reads"),
    [
        ("train_words, dev_words, _ = split_names(words)", False),
        ("train_words, dev_words, test_words = split_names(words)", True),
        ("print(run['dev'], run['test'])", True),
        ("losses = run['test_names']", True),
        ("tested, contest_words = 1, 2", False),
    ],
)
def test_what_reads_it(code, reads):
    markdown, cell = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    notebook = nbformat.v4.new_notebook(cells=[markdown("## 1. One\n\ntext"), cell(code)])
    assert bool(readers(notebook)) == reads
    assert not reads or readers(notebook) == [("## 1. One", code)]

"""Every loss, count and per cent of a notebook's prose comes from somewhere."""

import nbformat
import pytest
from notebook_list import STEMS, each_notebook, switched_on
from prose import cited, claims, expected, holds, stored_studies, without_source

from mmhelpers.runs.files import ROOT, read_notebook

# Not yet rewritten by the rule: this list only shrinks.
NOT_YET: list[str] = []


def faults(stem: str) -> list[str]:
    notebook = read_notebook(ROOT / "notebooks" / f"{stem}.ipynb")
    return without_source(notebook, expected() | cited() | stored_studies(stem))


@each_notebook
def test_numbers_have_a_source(stem):
    switched_on(faults(stem), stem, NOT_YET)


def test_the_list_names_notebooks():
    assert set(NOT_YET) <= set(STEMS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a loss of 2.4540 there", [("2.4540", False)]),
        ("3.3 nats, or 0.27", [("3.3", False), ("0.27", False)]),
        ("228,146 pairs and 102 others", [("228,146", False), ("102", False)]),
        ("76 % of them, 5 per cent", [("76", True), ("5", True)]),
        ("| 729 counts | | 2.4533 |", [("729", False), ("2.4533", False)]),
        ("27 rows, 3 characters, 1.5 times, section 5", []),
        ("in 1913 and 2003", []),
        ("`lr = 0.001`, $x^{0.25}$ and [video](https://example.org/12345?t=678s)", []),
        ("### Exercise 101\n\nText", []),
        ("```\n--max-steps 5000\n```", []),
    ],
)
def test_what_is_a_claim(text, found):
    assert claims(text) == found


@pytest.mark.parametrize(
    ("number", "per_cent", "source", "held"),
    [
        ("2.4540", False, 2.45401, True),
        ("2.4540", False, 2.4542, False),
        ("2.45", False, 2.4540, True),
        ("2.46", False, 2.4540, False),
        ("228,146", False, 228146, True),
        ("228,147", False, 228146, False),
        ("228,000", False, 228146, True),
        ("229,000", False, 228146, False),
        ("76", True, 76.0, True),
        ("76", True, 0.7634, True),
        ("75", True, 0.7634, False),
        ("76", False, 0.7634, False),
        ("0.82", False, -0.82, True),
    ],
)
def test_what_holds_a_claim(number, per_cent, source, held):
    assert holds(number, per_cent, {source}) == held


def tiny(prose: str, output: str, code: str = "print(loss)") -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(code, outputs=[nbformat.v4.new_output("stream", text=output)])
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(prose), cell])


@pytest.mark.parametrize(
    ("prose", "missing"),
    [
        ("The loss is 2.1655 after 300 steps, 12 % of 200,000.", []),
        ("The loss is 2.1656.", ["2.1656"]),
        ("It is 13 % of 250,000.", ["13 %", "250,000"]),
        ("Known from the table: 3.1234.", []),
    ],
)
def test_numbers_of_a_tiny_notebook(prose, missing):
    notebook = tiny(prose, "loss 2.1655, share 0.12, 200,000 rows\n", "steps = 300\nprint(loss)")
    found = without_source(notebook, {3.1234})
    assert [line.partition(" in: ")[0] for line in found] == missing

"""Every cell of a notebook may be run again without breaking a later one."""

import nbformat
import pytest
from cells import made_twice, read_cell
from notebook_list import each_notebook

from mmhelpers.runs.files import ROOT, read_notebook


@each_notebook
def test_a_name_is_made_in_one_cell(stem):
    faults = made_twice(read_notebook(ROOT / "notebooks" / f"{stem}.ipynb"))
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("source", "made", "taken"),
    [
        ("x = y + 1", {"x"}, {"y"}),
        ("x = x + 1", {"x"}, {"x"}),
        ("x = 1\nprint(x)", {"x"}, {"print"}),
        ("x += 1", {"x"}, {"x"}),
        ("for i in rows:\n    total = i", {"i", "total"}, {"rows"}),
        ("import a.b as c\nfrom d import e", {"c", "e"}, set()),
        ("def f(a, b=c):\n    d = a\n    return d + e", {"f"}, {"c", "e"}),
        ("class A(B):\n    def f(self):\n        return g", {"A"}, {"B", "g"}),
        ("z = [i * k for i in rows if i]", {"z"}, {"k", "rows"}),
        ("z = {a: b for a, b in pairs}", {"z"}, {"pairs"}),
        ("f = lambda a, *b: a + c", {"f"}, {"c"}),
        ("with open(p) as f:\n    t = f.read()", {"f", "t"}, {"open", "p"}),
    ],
)
def test_what_a_cell_makes_and_takes(source, made, taken):
    cell = read_cell(source)
    assert (set(cell.made), cell.taken) == (made, taken)


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["x = 1", "y = x"], []),
        (["a = 1", "b = 1", "c = 1", "x = 1", "x = 2", "y = x"], ["cell [6] takes x from one of"]),
        (
            ["a = 1", "b = 1", "c = 1", "class M: pass", "from m import M", "M()"],
            ["cell [6] takes M from one of [4, 5]"],
        ),
        (["a = 1", "b = 1", "c = 1", "from m import M", "from m import M", "M()"], []),
        (["a = 1", "b = 1", "c = 1", "x = 1", "x = 2\ny = x", "z = 1"], []),
        (["device = 'cpu'", "device = pick(device)", "model.to(device)"], []),
    ],
)
def test_made_twice(cells, found):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    lines = made_twice(notebook)
    assert len(lines) == len(found)
    assert all(line.startswith(start) for line, start in zip(lines, found, strict=True))

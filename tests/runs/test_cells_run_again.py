"""Any cell of a notebook may be run again: no earlier cell's names are taken by another cell.

A name that a cell takes from an earlier one has one home.  Had it two, running the first of them
again would give the taker another object than the one it was written for: the plain class
instead of its twin, the generator of another net, the rows of another example.
"""

import ast
import builtins
import json

import pytest

from mmhelpers.runs.files import find_notebooks


class Flow(ast.NodeVisitor):
    """Which names code takes from outside and which it binds, in the order in which it runs."""

    def __init__(self, bound=()):
        self.bound, self.taken, self.later = set(bound), set(), set()

    def outside(self):
        """The names it takes; a function's body runs when all of the code has run."""
        return self.taken | (self.later - self.bound)

    def run(self, *parts):
        for part in parts:
            for node in part if isinstance(part, list) else [part]:
                if node is not None:
                    self.visit(node)

    def nested(self, bound, *parts):
        inner = Flow(bound)
        inner.run(*parts)
        return inner

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            self.taken |= {node.id} - self.bound
        else:
            self.bound.add(node.id)

    def visit_Assign(self, node):
        self.run(node.value, node.targets)

    def visit_AugAssign(self, node):
        self.taken |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)} - self.bound
        self.run(node.value, node.target)

    def visit_For(self, node):
        self.run(node.iter, node.target, node.body, node.orelse)

    def visit_ExceptHandler(self, node):
        self.bound |= {node.name} - {None}
        self.run(node.type, node.body)

    def visit_Import(self, node):
        self.bound |= {(name.asname or name.name).split(".")[0] for name in node.names}

    visit_ImportFrom = visit_Import

    def visit_ListComp(self, node):
        loops = [part for loop in node.generators for part in (loop.iter, loop.target, *loop.ifs)]
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        inner = self.nested(self.bound, loops, values)
        self.taken, self.later = self.taken | inner.taken, self.later | inner.later

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def visit_FunctionDef(self, node):
        args = node.args
        self.run(getattr(node, "decorator_list", []), args.defaults, args.kw_defaults)
        own = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        self.later |= self.nested([arg.arg for arg in own if arg], node.body).outside()
        self.bound |= {getattr(node, "name", None)} - {None}

    visit_Lambda = visit_FunctionDef

    def visit_ClassDef(self, node):
        self.run(node.decorator_list, node.bases)
        inner = self.nested(self.bound, node.body)
        self.taken, self.later = self.taken | inner.taken, self.later | inner.later
        self.bound.add(node.name)


def with_two_homes(sources):
    """The names that one cell takes and two bind, with the numbers of these two or more."""
    homes, taken = {}, set()
    for number, source in enumerate(sources):
        flow = Flow()
        flow.visit(ast.parse(source))
        taken |= flow.outside() - set(dir(builtins))
        for name in flow.bound:
            homes.setdefault(name, []).append(number)
    return {name: cells for name, cells in homes.items() if len(cells) > 1 and name in taken}


@pytest.mark.parametrize(
    "sources, expected",
    [
        (["class Net: pass", "from m import Net", "net = Net()"], {"Net": [0, 1]}),
        (["g = 1", "g = 2\nuse(g)"], {}),
        (["g = 1", "use(g)", "g = 2"], {"g": [0, 2]}),
        (["x = 1", "x = x + 1"], {"x": [0, 1]}),
        (["n = 0", "n += 1"], {"n": [0, 1]}),
        (["for x in rows: use(x)", "for x in rows: use(x)"], {}),
        (["x = 1", "x = 2", "y = [x for x in rows]"], {}),
        (["x = 1", "x = 2", "y = [k + x for k in rows]"], {"x": [0, 1]}),
        (["x = 1", "x = 2", "def f(x): return x"], {}),
        (["x = 1", "x = 2", "def f(y): return x + y"], {"x": [0, 1]}),
        (["x = 1", "x = 2", "f = lambda y: x + y"], {"x": [0, 1]}),
        (["def f(): return x\nx = 1", "x = 2"], {}),
        (["try:\n  a()\nexcept E as error:\n  use(error)"] * 2, {}),
        (["with a() as x:\n  use(x)"] * 2, {}),
        (["a, (b, *c) = d()", "b = 1", "use(b)"], {"b": [0, 1]}),
    ],
)
def test_names_with_two_homes_are_found(sources, expected):
    assert with_two_homes(sources) == expected


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_any_cell_may_be_run_again(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    # The parameters are changed and completed by the Setup cell, which is what it is for.
    own = [cell for cell in code if "parameters" not in cell["metadata"].get("tags", [])]
    found = with_two_homes("".join(cell["source"]) for cell in own)
    assert not found, f"code cells that bind a name which another takes: {found}"

"""Which names a notebook's cells make, and which they take from other cells."""

import ast
from dataclasses import dataclass, field

from nbformat import NotebookNode

from mmhelpers.runs.files import code_cells

SCOPES = ast.FunctionDef | ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass
class Cell:
    """The names that a cell makes, each with the code that makes it, and those it takes."""

    made: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)


class _Reader(ast.NodeVisitor):
    """Goes through a cell in the order in which it runs."""

    def __init__(self) -> None:
        self.cell, self.local = Cell(), [set()]

    def make(self, name: str, code: str) -> None:
        if len(self.local) > 1:
            self.local[-1].add(name)
        else:
            self.cell.made[name] = code

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.make(node.id, "assigned")
        elif not any(node.id in names for names in self.local) and node.id not in self.cell.made:
            self.cell.taken.add(node.id)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            whole = f"import {getattr(node, 'module', '')}.{alias.name}"
            self.make((alias.asname or alias.name).partition(".")[0], whole)

    visit_ImportFrom = visit_Import

    def visit_Assign(self, node: ast.Assign) -> None:
        for part in [node.value, *node.targets]:
            self.visit(part)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.visit(ast.Name(node.target.id, ast.Load()))
        self.visit(node.value)
        self.visit(node.target)

    def visit_For(self, node: ast.For) -> None:
        for part in [node.iter, node.target, *node.body, *node.orelse]:
            self.visit(part)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases]:
            self.visit(part)
        self._scope([], node.body)
        self.make(node.name, f"class {node.name}")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        arguments = node.args
        for part in [*node.decorator_list, *arguments.defaults, *arguments.kw_defaults]:
            if part is not None:
                self.visit(part)
        self._scope(_names_of(arguments), node.body)
        self.make(node.name, f"def {node.name}")

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for default in node.args.defaults:
            self.visit(default)
        self._scope(_names_of(node.args), [node.body])

    def _comprehension(self, node: ast.ListComp) -> None:
        self.visit(node.generators[0].iter)
        self.local.append(set())
        for place, generator in enumerate(node.generators):
            if place:
                self.visit(generator.iter)
            for part in [generator.target, *generator.ifs]:
                self.visit(part)
        for part in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            self.visit(part)
        self.local.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _scope(self, arguments: list[str], body: list[ast.AST]) -> None:
        stored = {
            name.id
            for part in body
            for name in ast.walk(part)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        }
        self.local.append(stored | set(arguments))
        for part in body:
            self.visit(part)
        self.local.pop()


def _names_of(arguments: ast.arguments) -> list[str]:
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [a.arg for a in [*plain, arguments.vararg, arguments.kwarg] if a is not None]


def read_cell(source: str) -> Cell:
    """Gives the names that a cell makes and those that it takes from others."""
    reader = _Reader()
    reader.visit(ast.parse(source))
    return reader.cell


def made_twice(notebook: NotebookNode) -> list[str]:
    """Gives a line for each name that a cell takes and that several other cells make.

    Which of them ran last then decides what the cell does: after one of them is run again, it
    may do something else. The parameters may be made again by the cells right after them, and
    the same import may stand in several cells.
    """
    cells = [read_cell(cell.source) for cell in code_cells(notebook)]
    found = []
    for number, cell in enumerate(cells, 1):
        for name in sorted(cell.taken):
            makers = {i: other.made[name] for i, other in enumerate(cells, 1) if name in other.made}
            first = set(list(makers)[:2]) <= {1, 2, 3}
            parameters = first and list(makers)[:1] == [1] and len(makers) == 2
            same_import = len(set(makers.values())) == 1 and "import" in next(iter(makers.values()))
            if len(makers) > 1 and not parameters and not same_import and number not in makers:
                found.append(f"cell [{number}] takes {name} from one of {list(makers)}")
    return found

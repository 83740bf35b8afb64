"""The layout that holds the shared module together: who may import whom, how long, how told."""

import ast
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "mmhelpers"
FILES = sorted(PACKAGE.rglob("*.py"))

# A module imports only from lower ranks, or from its own package.
RANKS = {
    "kernels": 0,
    "layers": 0,
    "losses": 0,
    "optim": 0,
    "data": 0,
    "prefix_trees": 0,
    "packed": 0.5,
    "download": 1,
    "diagnostics": 1,
    "sequence": 1,
    "versions": 1.5,
    "sequence_models": 1.5,
    "models": 2,
    "training": 2,
    "sampling": 2,
    "checkpoint": 2,
    "reference": 2,
    "fast": 3,
    "plotting": 3,
    "notebook_files": 3,
    "run_report": 3,
    "distributed": 3,
    "makemore": 4,
    "study": 4,
    "notebooks": 4,
    "run_plan": 4,
    "runner": 5,
    "study_table": 5,
    "__main__": 6,
}
ONLY_IMPORTER = {"papermill": {"notebooks"}, "matplotlib": {"plotting"}}
HEAVY = {"torch", "numpy", "matplotlib", "papermill", "nbformat", "pooch"}


def module_of(path: Path) -> str:
    """Gives a file's module, or the package within mmhelpers that it belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Gives the modules that a file imports, with all their dots."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parent.parts
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += [node.module] if node.module else []
            found |= {".".join([*base, alias.name]) for alias in node.names}
    return found


each_file = pytest.mark.parametrize(
    "path", FILES, ids=[path.relative_to(PACKAGE).as_posix() for path in FILES]
)


@each_file
def test_imports_go_down(path):
    module = module_of(path)
    if module == "__init__":
        assert not imports(path)
        return
    assert module in RANKS, f"{module} has no rank yet: give it one here"
    for name in imports(path):
        first, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if first == "mmhelpers" and other != module:
            assert RANKS.get(other, 99) < RANKS[module], f"{module} imports {other}"


@each_file
def test_one_importer(path):
    for library, importers in ONLY_IMPORTER.items():
        if any(name.partition(".")[0] == library for name in imports(path)):
            assert module_of(path) in importers


@each_file
def test_no_torch_nn_modules(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    for name in [*used, *imports(path)]:
        parent, _, last = name.rpartition(".")
        assert not (parent in {"nn", "torch.nn"} and last[0].isupper()), name


@each_file
def test_documented(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module has no docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"


@each_file
def test_functions_are_short(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 40, f"{node.name} is too long"


def test_import_is_light():
    code = "import sys, mmhelpers; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(ran.stdout.split())


def test_bundled_list_is_unchanged():
    digest = hashlib.sha256((ROOT / "names.txt").read_bytes()).hexdigest()
    assert digest == "bfd6f6011d9f5f51c8cb434ad9c2a057b0d61c6a547ff947d19ddaf31a5ffdb1"


def test_lecture_list_is_not_tracked():
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    ran = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "names-lecture.txt" not in ran.stdout.split()

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

# The rooms of the package, floor by floor: a room imports only from floors below, or from itself.
FLOORS = [
    ["data", "losses", "optim"],
    ["layers", "reference", "runs"],
    ["models", "diagnostics"],
    ["sampling", "training", "plotting"],
    ["fast"],
    ["study", "makemore"],
    ["__main__"],
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
LINES = 250  # of a module
ONLY_IMPORTER = {"papermill": {"runs/notebook"}, "matplotlib": {"plotting"}}
HEAVY = {"torch", "numpy", "matplotlib", "papermill", "nbformat", "pooch"}


def room_of(path: Path) -> str:
    """Gives the room that a file belongs to."""
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
    room = room_of(path)
    if room == "__init__":
        assert not imports(path)
        return
    assert room in FLOOR, f"{room} stands on no floor yet: give it one here"
    for name in imports(path):
        first, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if first == "mmhelpers" and other != room:
            assert FLOOR.get(other, 99) < FLOOR[room], f"{room} imports {other}"


def test_few_rooms():
    entries = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    assert len(entries) <= 16, sorted(entries)


@each_file
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES


@each_file
def test_one_importer(path):
    file = path.relative_to(PACKAGE).with_suffix("").as_posix()
    for library, importers in ONLY_IMPORTER.items():
        if any(name.partition(".")[0] == library for name in imports(path)):
            assert {file, room_of(path)} & importers


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

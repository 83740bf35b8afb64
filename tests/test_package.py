"""What `pip install .` brings, and the lock of all versions."""

import ast
import itertools
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mmhelpers.runs.files import code_cells, read_notebook

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
EXTRAS = PROJECT["project"]["optional-dependencies"]
LEFT_TO_TORCH = set(PROJECT["tool"]["uv"]["exclude-dependencies"])
PLACES = [
    {"python_version": version, "python_full_version": f"{version}.9", "sys_platform": platform}
    for version, platform in itertools.product(
        ["3.11", "3.12", "3.13", "3.14"], ["linux", "darwin", "win32"]
    )
]


def read_lock(text: str) -> list[Requirement]:
    """Gives the pinned packages of a lock."""
    return [Requirement(line) for line in text.splitlines() if line and line[0] not in "#- "]


LOCK = read_lock((ROOT / "requirements.txt").read_text(encoding="utf-8"))


def pin(lock: list[Requirement], name: str, place: dict[str, str] | None = None) -> str | None:
    """Gives the version that the lock has for a package in a place; None where it has none."""
    for requirement in lock:
        fits = requirement.marker is None or requirement.marker.evaluate(place)
        if canonicalize_name(requirement.name) == canonicalize_name(name) and fits:
            return str(requirement.specifier).removeprefix("==")
    return None


def stale(lock: list[Requirement], wanted: list[Requirement], place: dict[str, str]) -> list[str]:
    """Gives the wanted packages that the lock lacks in a place, or has in another version."""
    pins = {str(w): pin(lock, w.name, place) for w in wanted}
    return [str(w) for w in wanted if not (pins[str(w)] and w.specifier.contains(pins[str(w)]))]


def direct() -> list[Requirement]:
    """Gives the direct dependencies, with those of all extras."""
    return RUNTIME + [Requirement(text) for extra in EXTRAS.values() for text in extra]


@pytest.mark.parametrize("place", PLACES, ids=lambda p: "-".join(p.values()))
def test_the_lock_has_every_direct_dependency(place):
    assert not stale(LOCK, direct(), place)


def test_a_stale_lock_is_found():
    place = PLACES[0]
    assert stale(read_lock("numpy==2.1.0\n"), [Requirement("numpy>=2.2")], place) == ["numpy>=2.2"]
    assert stale(read_lock("# numpy\n"), [Requirement("numpy")], place) == ["numpy"]
    elsewhere = read_lock("numpy==2.3.0 ; python_full_version >= '3.12'\n")
    assert stale(elsewhere, [Requirement("numpy")], place) == ["numpy"]
    assert not stale(elsewhere, [Requirement("numpy")], PLACES[-1])


def reachable(names: list[str]) -> dict[str, str]:
    """Gives the installed packages that these need, with their versions, themselves included."""
    found: dict[str, str] = {}
    waiting = [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found or name in LEFT_TO_TORCH:
            continue
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # of another extra: the test of direct dependencies has it
        for text in metadata.requires(name) or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(needed.name))
    return found


def test_what_is_installed_is_what_the_lock_says():
    installed = reachable([requirement.name for requirement in direct()])
    assert len(installed) > 50
    differing = {
        name: (version, pin(LOCK, name))
        for name, version in installed.items()
        if version.partition("+")[0] != pin(LOCK, name)
    }
    assert not differing, "run make lock, or make the environment anew"


def test_the_lock_names_no_index_and_no_accelerator():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(extra-)?index|--find-links|@ file", text)
    assert not re.search(r"^(nvidia|cuda|triton)", text, re.MULTILINE)
    assert pin(LOCK, "torch") == "2.13.0"


def imported(source: str) -> set[str]:
    """Gives the top-level modules that a source imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"mmhelpers"}


def sources() -> list[str]:
    """Gives the sources of the package and of the notebooks' cells."""
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "mmhelpers").rglob("*.py")]
    notebooks = [read_notebook(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    cells = [cell.source for notebook in notebooks for cell in code_cells(notebook)]
    return files + [cell for cell in cells if not re.search(r"^[%!]", cell, re.MULTILINE)]


# Imported in an example for those who have them, with a word where they are missing.
OPTIONAL = {"dask", "distributed", "ray", "IPython"}


def test_every_import_is_a_dependency():
    used = set().union(*map(imported, sources())) - OPTIONAL
    distributions = metadata.packages_distributions()
    wanted = {canonicalize_name(requirement.name) for requirement in RUNTIME}
    missing = {
        module
        for module in used
        if not {canonicalize_name(name) for name in distributions.get(module, [])} & wanted
    }
    assert {"torch", "numpy"} <= used
    assert not missing


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Gives a folder in which the built package is installed, without its dependencies."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([*pip, "install", *options, str(ROOT)], check=True, capture_output=True)
    return folder


def run(site: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Runs Python on the installed package, in some folder."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKEMORE")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**environment, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
    )


def test_the_installed_package_brings_its_list_and_tables(site, tmp_path):
    code = (
        "import mmhelpers.data as data, mmhelpers.reference as reference;"
        "print(data.BUNDLED, len(data.load_names('bundled').words), len(reference.figures()))"
    )
    ran = run(site, tmp_path, "-c", code)
    assert ran.returncode == 0, ran.stderr
    path, names, figures = ran.stdout.split()
    assert path.startswith(str(site)) and int(names) == 32_000 and int(figures) > 100


def test_the_installed_command_line_works_from_any_directory(site, tmp_path):
    flags = ["-o", "out", "--type", "bigram", "--max-steps", "2"]
    ran = run(site, tmp_path, "-m", "mmhelpers.makemore", *flags)
    assert ran.returncode == 0, ran.stderr
    assert "32,000 names" in ran.stdout
    assert (tmp_path / "out" / "model.pt").exists()


def test_the_license_is_there():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License") and "the contributors" in text

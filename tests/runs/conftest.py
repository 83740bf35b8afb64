"""A small project of the tests' own: mmhelpers beside notebooks made for the test."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mmhelpers.data import names
from mmhelpers.runs import files, plan
from mmhelpers.runs.files import ROOT

PARAMETERS = """names = "auto"
steps = 1000  # as many as it takes
seed = 1
device = "cpu"
output_dir = ""
"""


class Project:
    """A project with notebooks of the test's own, and its runner."""

    # What a notebook of the series does, without mmhelpers: a check, and a plot.
    WORK = """import json, os
from pathlib import Path
check = {"name": "one/loss", "value": 2.5, "expected": "2.5000", "tolerance": 0.1}
found = {"names": "bundled", "steps": steps, "checks": [{**check, "exact": True, "passed": True}]}
Path(os.environ["MAKEMORE_METRICS"]).write_text(json.dumps(found))
root = Path.cwd().parent  # as a kernel starts beside its notebook
(root / output_dir / "new.png").write_text("new")
"""
    # The same as a program, see `pretend`.
    PROGRAM = "import json, sys\nglobals().update(json.loads(sys.argv[3]))\n" + WORK
    OLD = {"old.png": "old", "new.png": "old"}  # in assets

    def __init__(self, root: Path) -> None:
        self.root = root
        # With what Python compiled of it, which would take each process a second anew.
        ignored = shutil.ignore_patterns("*.pyc.*", "*.unfinished")
        shutil.copytree(ROOT / "mmhelpers", root / "mmhelpers", ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", root)
        (root / "names.txt").write_text("\n".join(["anna", "bo", "carla", "dan"] * 5))
        (root / "notebooks").mkdir()
        for plot, content in self.OLD.items():
            self.asset(plot).parent.mkdir(parents=True, exist_ok=True)
            self.asset(plot).write_text(content)

    def asset(self, plot: str) -> Path:
        return self.root / "assets" / "01_one" / plot

    def assets(self) -> dict[str, str]:
        return {plot.name: plot.read_text() for plot in self.asset("").glob("*")}

    def add(self, name: str, *sources: str, tag="parameters", parameters=PARAMETERS) -> Path:
        cells = [new_code_cell(source) for source in [parameters, *sources]]
        cells[0].metadata["tags"] = [tag]
        path = self.root / "notebooks" / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return path

    def pretend(self, source: str) -> None:
        """Puts a program of the test's own in the place of papermill, which takes its time."""
        (self.root / "mmhelpers" / "runs" / "notebook.py").write_text(source)

    def start(self, *arguments: object, cwd=None, env=None, **streams) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "mmhelpers", *map(str, arguments)],
            cwd=cwd or self.root,
            env={**os.environ, "PYTHONPATH": str(self.root), "PYTHONUTF8": "1", **(env or {})},
            encoding="utf-8",
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    def run(self, *arguments: object, **options) -> subprocess.CompletedProcess:
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=600)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def metrics(self, name: str, folder: str = "build") -> dict:
        return json.loads((self.root / folder / name / "metrics.json").read_text())


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def here(project, monkeypatch):
    """Gives the project, in which the runner of this process works."""
    for module in files, plan, names:
        monkeypatch.setattr(module, "ROOT", project.root)
    monkeypatch.setattr(names, "BUNDLED", project.root / "names.txt")
    monkeypatch.setattr(names, "LECTURE", project.root / "names-lecture.txt")
    monkeypatch.delenv("MAKEMORE_NAMES", raising=False)
    monkeypatch.chdir(project.root)
    plan._usable_list.cache_clear()
    return project

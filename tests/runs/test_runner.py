"""The runner, on a small project of its own: mmhelpers beside notebooks made for the test."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mmhelpers import __main__
from mmhelpers.data import DataError, download
from mmhelpers.runs import report
from mmhelpers.runs.files import QUICK_STEPS, ROOT, read_notebook

PARAMETERS = """names = "auto"
steps = 1000  # as many as it takes
seed = 1
device = "cpu"
output_dir = "assets/01_one"
"""
# What a notebook of the series does, without mmhelpers: a check, and a plot.
WORK = """import json, os
from pathlib import Path
check = {"name": "one/loss", "value": 2.5, "expected": "2.5000", "tolerance": 0.1}
found = {"names": "bundled", "steps": steps, "checks": [{**check, "exact": True, "passed": True}]}
Path(os.environ["MAKEMORE_METRICS"]).write_text(json.dumps(found))
(Path(output_dir) / "new.png").write_text("new")
"""
SEEN = "import sys; print(sys.executable, os.environ['OMP_NUM_THREADS'], seed)"
SLEEP = "Path('pid').write_text(str(os.getpid())); import time; time.sleep(60)"


class Project:
    """A project with notebooks of the test's own, and its runner."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "mmhelpers", root / "mmhelpers")
        (root / "notebooks").mkdir()
        for plot in "old.png", "new.png":
            self.asset(plot).parent.mkdir(parents=True, exist_ok=True)
            self.asset(plot).write_text("old")

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

    def start(self, *arguments: object) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "mmhelpers", *map(str, arguments)],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root), "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, *arguments: object) -> subprocess.CompletedProcess:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=600)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def metrics(self, name: str, folder: str = "build") -> dict:
        return json.loads((self.root / folder / name / "metrics.json").read_text())


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


OLD = {"old.png": "old", "new.png": "old"}


def test_full_run(project):
    project.add("01_one", WORK, SEEN)
    project.add("02_two", "1 + 1")
    ran = project.run("run")
    assert ran.returncode == 0, ran.stderr
    # Two at a time; without a terminal one line at the start and one at the end of each.
    assert ran.stderr.splitlines()[:2] == ["01_one: started", "02_two: started"]
    assert len(ran.stderr.splitlines()) == 4 and "\r" not in ran.stderr
    assert ran.stdout.splitlines()[1].split()[2:] == ["1/1", "1/1", "ok"]
    assert "01_one: one/loss 2.5000" in ran.stdout
    assert project.assets() == {"new.png": "new"}  # and the stale one is gone
    found = project.metrics("01_one")
    assert found["notebook"] == "01_one" and found["status"] == "ok" and found["seconds"] > 0
    assert found["parameters"]["steps"] == 1000 and found["checks"][0]["value"] == 2.5
    executed = read_notebook(project.root / "build" / "01_one" / "01_one.ipynb")
    assert executed.cells[-1].outputs[0].text == f"{sys.executable} 1 1\n"


def test_quick_run_leaves_the_plots(project):
    project.add("01_one", WORK)
    project.add("02_two", "1 / 0")
    ran = project.run("run", "--quick", 1)
    assert ran.returncode == 0, ran.stderr
    assert project.metrics("01_one")["steps"] == QUICK_STEPS
    assert project.assets() == OLD
    assert (project.root / "build" / "01_one" / "plots" / "new.png").exists()


def test_output_and_parameters(project):
    project.add("01_one", WORK, SEEN)
    ran = project.run("run", "--output", "my {runs}", "-p", "seed", 7, "-p", "steps", 50)
    assert ran.returncode == 0, ran.stderr
    assert project.assets() == OLD and not (project.root / "build").exists()
    assert project.metrics("01_one", "my {runs}")["steps"] == 50
    executed = read_notebook(project.root / "my {runs}" / "01_one" / "01_one.ipynb")
    assert executed.cells[-1].outputs[0].text.endswith(" 7\n")


def test_failing_notebook(project):
    project.add("01_one", WORK, "answer = 6 * 7\nanswer / 0", "print('never')")
    project.add("02_two", "1 + 1")
    ran = project.run("run", "--jobs", 1)
    assert ran.returncode == 1
    assert "01_one failed in cell [3]" in ran.stdout
    assert "answer = 6 * 7\nanswer / 0\n" in ran.stdout
    assert "ZeroDivisionError: division by zero" in ran.stdout and "\x1b" not in ran.stdout
    assert project.assets() == OLD
    kept = read_notebook(project.root / "build" / "01_one" / "01_one.ipynb")
    assert "never" in kept.cells[-1].source and not kept.cells[-1].outputs
    assert project.metrics("01_one")["status"] == "failed"
    assert project.metrics("02_two")["status"] == "ok"  # the others still run


def test_dying_kernel(project):
    project.add("01_one", "import os", "os._exit(3)")
    ran = project.run("run")
    assert ran.returncode == 1
    assert "01_one failed in cell [3]" in ran.stdout and "os._exit(3)" in ran.stdout
    assert "DeadKernelError" in ran.stdout


def wait_for(condition, seconds: float = 300) -> None:
    """Waits until a condition holds; fails where it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def is_gone(pid: int) -> bool:
    """Tells whether there is no such process."""
    try:
        os.kill(pid, 0)
    except OSError:
        return True
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_run(project, how):
    project.add("01_one", WORK, SLEEP, "print('never')")
    process = project.start("run")
    pid = project.root / "pid"
    wait_for(lambda: pid.exists() and pid.read_text())
    process.send_signal(how)
    out, err = process.communicate(timeout=600)
    wait_for(lambda: is_gone(int(pid.read_text())))
    assert project.assets() == OLD
    kept = read_notebook(project.root / "build" / "01_one" / "01_one.ipynb")
    assert kept.cells[2].execution_count and kept.cells[-1].execution_count is None
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted" in err and "Traceback" not in err
        assert project.metrics("01_one")["status"] == "interrupted"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", 9], "there is no notebook 9; there are: 1 2"),
        (["run", "-p", "step", 5], "01_one.ipynb has no parameter 'step'; it has: names, steps"),
        (["run", "-p", "steps", 0], "steps must be 1 or more"),
        (["run", "-p", "steps", -5], "steps must be 1 or more"),
        (["run", "-p", "steps", "many"], "steps takes a whole number, not 'many'"),
        (["run", "-p", "names", "no.txt"], "no.txt can't be read"),
        (["run", "--jobs", 0], "must be 1 or more"),
        (["run", "--output", "names.txt/x"], "can't write to"),
        (["run", "-p", "output_dir", "names.txt/x"], "can't write to"),
        (["run", "one"], "invalid int value: 'one'"),
        (["refresh"], "names-lecture.txt is not there"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_refused_before_anything_runs(project, arguments, message):
    project.add("01_one", WORK)
    project.add("02_two", WORK)
    shutil.copy(ROOT / "names.txt", project.root)
    ran = project.run(*arguments)
    assert ran.returncode == 2
    assert message in ran.stderr.splitlines()[-1] and "Traceback" not in ran.stderr
    assert not list(project.root.glob("build/*/*.ipynb")) and project.assets() == OLD


@pytest.mark.parametrize(
    ("tag", "parameters", "message"),
    [
        ("parameter", PARAMETERS, "02_two.ipynb has no cell tagged 'parameters'"),
        ("parameters", "steps = int(3)", "02_two.ipynb: the 'parameters' cell may hold only"),
        ("parameters", "", "02_two.ipynb can't be read as a notebook"),
    ],
)
def test_notebook_that_takes_no_parameters(project, tag, parameters, message):
    project.add("01_one", WORK)
    path = project.add("02_two", tag=tag, parameters=parameters)
    if not parameters:
        path.write_text("{}")
    ran = project.run("run")
    assert ran.returncode == 2
    assert message in ran.stderr and len(ran.stderr.splitlines()) == 1
    assert not list(project.root.glob("build/*/*.ipynb"))


def test_refresh(project):
    path = project.add("01_one", WORK, "print(names)\n[1, 2]")
    failing = [project.add("02_two", "1 / 0"), project.add("03_three", "'/home/me/list.txt'")]
    before = [path.read_bytes() for path in failing]
    ids = [cell.id for cell in read_notebook(path).cells]
    (project.root / "names-lecture.txt").write_text("anna\nbo\n")
    ran = project.run("refresh")
    assert ran.returncode == 1 and [path.read_bytes() for path in failing] == before
    assert "03_three shows a path of this machine, /home/me/list.txt: not stored" in ran.stdout
    stored = read_notebook(path)
    assert [cell.id for cell in stored.cells] == ids
    assert [cell.execution_count for cell in stored.cells] == [1, 2, 3]
    assert stored.cells[-1].outputs[0].text == "lecture\n"
    assert stored.cells[-1].outputs[1].execution_count == 3
    assert project.assets() == {"new.png": "new"}
    first = path.read_bytes()
    assert project.run("refresh", 1).returncode == 0
    assert path.read_bytes() == first and first.endswith(b"}\n") and b"papermill" not in first


def test_names_command(monkeypatch, capsys):
    def fail():
        raise DataError("no network: try again")

    monkeypatch.setattr(sys, "argv", ["mmhelpers", "names"])
    monkeypatch.setattr(download, "download_lecture_names", fail)
    assert __main__.main() == 1
    assert capsys.readouterr().err == "error: no network: try again\n"
    monkeypatch.setattr(download, "download_lecture_names", lambda: Path("names-lecture.txt"))
    assert __main__.main() == 0
    assert capsys.readouterr().out == "saved names-lecture.txt\n"


def test_progress_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with report.Progress({"01_one": 4}) as progress:
        progress.start("01_one")
        progress.update("01_one", 3)
        progress.finish({"notebook": "01_one", "status": "ok", "seconds": 1.0})
    shown = capsys.readouterr().err
    assert "3/4 cells" in shown and "01_one ok" in shown and "started" not in shown


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
@pytest.mark.parametrize(("setting", "quick"), [("QUICK=1", True), ("QUICK=0", False), ("", False)])
def test_make_quick(setting, quick):
    command = ["make", "-n", "notebooks", *setting.split()]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ("run --quick" in ran.stdout) == quick

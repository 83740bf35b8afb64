"""The runner, on a small project of its own: mmhelpers beside notebooks made for the test."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from mmhelpers import __main__
from mmhelpers.data import DataError, download
from mmhelpers.runs import NotebookError, environment, notebook, plan, report, runner
from mmhelpers.runs.files import QUICK_STEPS, ROOT, read_notebook, write_notebook

SEEN = "import sys; print(sys.executable, os.environ['OMP_NUM_THREADS'], seed)"
SLEEP = "(root / 'pid').write_text(str(os.getpid())); import time; time.sleep(600)"


def test_full_run(project):
    project.add("01_one", project.WORK, SEEN)
    project.add("02_two", "1 + 1")
    ran = project.run("run")
    assert ran.returncode == 0, ran.stderr
    # Two at a time; without a terminal one line at the start and one at the end of each.
    assert ran.stderr.splitlines()[:2] == ["01_one: started", "02_two: started"]
    assert len(ran.stderr.splitlines()) == 4 and "\r" not in ran.stderr
    assert ran.stdout.splitlines()[1].split()[2:] == ["1/1", "1/1", "ok"]
    assert "01_one: one/loss 2.5000" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "plots: assets/01_one, assets/02_two"
    assert project.assets() == {"new.png": "new"}  # and the stale one is gone
    found = project.metrics("01_one")
    assert found["notebook"] == "01_one" and found["status"] == "ok" and found["seconds"] > 0
    assert found["parameters"]["steps"] == 1000 and found["checks"][0]["value"] == 2.5
    executed = read_notebook(project.root / "build" / "01_one" / "01_one.ipynb")
    assert executed.cells[-1].outputs[0].text == f"{sys.executable} 1 1\n"


def test_quick_run_leaves_the_plots(project):
    project.add("01_one", project.WORK)
    project.add("02_two", "1 / 0")
    ran = project.run("run", "--quick", 1)
    assert ran.returncode == 0, ran.stderr
    assert project.metrics("01_one")["steps"] == QUICK_STEPS
    assert project.assets() == project.OLD
    assert (project.root / "build" / "01_one" / "plots" / "new.png").exists()
    assert ran.stdout.splitlines()[-2:] == [
        "plots: build/01_one/plots",
        "assets/ stays as it is: only a full run by the default parameters renews it",
    ]


def test_output_and_parameters(project):
    project.add("01_one", project.WORK, SEEN)
    ran = project.run("run", "--output", "my {runs}", "-p", "seed", 7, "-p", "steps", 50)
    assert ran.returncode == 0, ran.stderr
    assert project.assets() == project.OLD and not (project.root / "build").exists()
    assert project.metrics("01_one", "my {runs}")["steps"] == 50
    executed = read_notebook(project.root / "my {runs}" / "01_one" / "01_one.ipynb")
    assert executed.cells[-1].outputs[0].text.endswith(" 7\n")


def test_plots_of_two_notebooks_side_by_side(project):
    project.add("01_one")
    project.add("02_two")
    project.pretend(project.PROGRAM.replace('"new")', "output_dir)"))
    ran = project.run("run", "--quick", "-p", "output_dir", "mine")
    assert ran.returncode == 0, ran.stderr
    plots = {path.parent.name: path.read_text() for path in project.root.glob("mine/**/*.png")}
    assert plots == {"01_one": "build/01_one/plots", "02_two": "build/02_two/plots"}
    assert "plots: mine/01_one, mine/02_two" in ran.stdout and project.assets() == project.OLD


def test_failing_notebook(project):
    project.add("01_one", project.WORK, "answer = 6 * 7\nanswer / 0", "print('never')")
    project.add("02_two", "1 + 1")
    ran = project.run("run", "--jobs", 1)
    assert ran.returncode == 1
    assert "01_one failed in cell [3]" in ran.stdout
    assert "answer = 6 * 7\nanswer / 0\n" in ran.stdout
    assert "ZeroDivisionError: division by zero" in ran.stdout and "\x1b" not in ran.stdout
    assert project.assets() == project.OLD
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


def is_notebook(path: Path) -> bool:
    """Tells whether a file holds a whole notebook."""
    try:
        return bool(read_notebook(path))
    except NotebookError:
        return False


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
    project.add("01_one", project.WORK, SLEEP, "print('never')")
    process = project.start("run")
    pid = project.root / "pid"
    wait_for(lambda: pid.exists() and pid.read_text())
    process.send_signal(how)
    out, err = process.communicate(timeout=600)
    wait_for(lambda: is_gone(int(pid.read_text())))
    assert project.assets() == project.OLD
    left = project.root / "build" / "01_one" / "01_one.ipynb"
    wait_for(lambda: is_notebook(left))  # the notebook's process outlives its runner by a moment
    kept = read_notebook(left)
    assert kept.cells[2].execution_count and kept.cells[-1].execution_count is None
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted" in err and "Traceback" not in err
        assert project.metrics("01_one")["status"] == "interrupted"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_two_runs_in_one_folder(here, monkeypatch, capsys):
    project = here
    project.add("01_one")
    project.pretend(project.PROGRAM + "(root / 'pid').write_text('1')\nsys.stdin.read()")
    first = project.start("run")
    pid = project.root / "pid"
    wait_for(lambda: pid.exists() and pid.read_text())
    kept = {path: path.read_bytes() for path in project.root.glob("build/01_one/*.*")}
    assert project.root / "build" / "01_one" / "metrics.json" in kept
    for arguments in ["--quick"], ["-p", "seed", "2"], ["--output", "build"]:
        monkeypatch.setattr(sys, "argv", ["mmhelpers", "run", "1", *arguments])
        assert __main__.main() == 2
        message = "another run is using build/01_one: wait for it, or choose another --output"
        assert capsys.readouterr() == ("", f"error: {message}\n")
    pid.unlink()
    second = project.start("run", "--quick", "--output", "other")
    wait_for(lambda: pid.exists() and pid.read_text())
    second.send_signal(signal.SIGINT)  # which is of no concern to the first
    second.communicate(timeout=600)
    assert second.returncode == 130 and first.poll() is None
    assert kept == {path: path.read_bytes() for path in project.root.glob("build/01_one/*.*")}
    first.kill()  # and its lock ends with it
    first.communicate(timeout=600)
    project.pretend(project.PROGRAM)
    assert project.run("run").returncode == 0
    assert project.assets() == {"new.png": "new"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("os.kill(os.getpid(), 9)", "its process was ended by signal 9 (Killed)\nhalf a line"),
        ("os.kill(os.getpid(), 11)", "its process was ended by signal 11 (Segmentation fault)"),
        ("sys.exit(28)", "No space left on device\nhalf a line"),
        ("1 / 0", "its process ended\nhalf a line"),
    ],
)
def test_process_that_leaves_no_word(project, end, words):
    project.add("01_one", "1 + 1", "2 + 2")
    prints = "print('cell done\\ncell done\\nhalf a line', flush=True)"
    project.pretend(f"import os, sys; {prints}; {end}")
    ran = project.run("run")
    assert ran.returncode == 1
    assert f"01_one failed after 1 cell: {words}" in ran.stdout
    assert project.metrics("01_one")["status"] == "failed"


def test_killed_notebook_leaves_no_kernel(project):
    project.add(
        "01_one",
        project.WORK,
        SLEEP.replace("import time", "import time; os.kill(os.getppid(), 9)"),
    )
    assert "01_one failed after 2 cells: its process" in project.run("run").stdout
    wait_for(lambda: is_gone(int((project.root / "pid").read_text())))


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(notebook.papermill, "execute_notebook", full)
    assert notebook.execute(tmp_path / "01_one.ipynb", tmp_path, {}) == notebook.FAILED
    assert "No space left on device" in (tmp_path / "error.txt").read_text()
    monkeypatch.setattr(notebook, "write_whole", full)  # not even for that
    status = notebook.execute(tmp_path / "01_one.ipynb", tmp_path, {})
    said = report.cause(status, 3, "cell done\ncell done\nthe last line\n")
    assert said == "after 3 cells: No space left on device\nthe last line"


def test_a_slow_kernel_has_minutes_to_start(tmp_path, monkeypatch):
    taken = {}
    monkeypatch.setattr(notebook.papermill, "execute_notebook", lambda *_, **o: taken.update(o))
    notebook.execute(tmp_path / "01_one.ipynb", tmp_path, {})
    assert taken["start_timeout"] >= 300


SHOWN = """import warnings
import matplotlib.pyplot as plt
from mmhelpers.data import load_names
plt.plot([1, 2])
plt.show()
warnings.warn("for developers", ResourceWarning)
print(plt.get_backend(), plt.rcParams["figure.dpi"], plt.rcParams["lines.linewidth"])
print(load_names().words[0], "имя")
assert load_names().words[0] == "anna", "asserts are on"
"""


def test_a_users_settings_do_not_count(project):
    own = project.root / "settings"
    (own / "profile_default" / "startup").mkdir(parents=True)
    (own / "profile_default" / "startup" / "00.py").write_text("print('mine')")
    (own / "matplotlibrc").write_text("figure.dpi: 144\nlines.linewidth: 9\ntext.usetex: True\n")
    shutil.copy(own / "matplotlibrc", project.root)
    (project.root / "mine.txt").write_text("mina\n" * 20)
    project.add("01_one", SHOWN)
    env = {"MPLBACKEND": "Agg", "MATPLOTLIBRC": str(own), "MPLCONFIGDIR": str(own)}
    env |= {"IPYTHONDIR": str(own), "JUPYTER_CONFIG_DIR": str(own), "HOME": "/dev/null"}
    env |= {"PYTHONWARNINGS": "always", "PYTHONOPTIMIZE": "1", "PYTHONIOENCODING": "ascii"}
    ran = project.run("run", env=env | {"MAKEMORE_NAMES": "mine.txt"})
    assert ran.returncode == 1
    assert "AssertionError: asserts are on" in ran.stdout
    outputs = read_notebook(project.root / "build" / "01_one" / "01_one.ipynb").cells[-1].outputs
    assert [output.output_type for output in outputs] == ["display_data", "stream", "error"]
    assert "image/png" in outputs[0].data
    assert outputs[1].text == f"{environment.INLINE} 100.0 1.5\nmina имя\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MPLBACKEND", "Agg"),
        ("MPLBACKEND", "nonsense"),
        ("PYTHONSTARTUP", "x.py"),
        ("PYTHONDEVMODE", "1"),
        ("TQDM_DISABLE", "1"),
        ("PYTEST_ADDOPTS", "-x"),
        ("MAKEMORE_METRICS", "/tmp/of-another-run.json"),
        ("OMP_NUM_THREADS", "8"),
    ],
)
def test_environment_is_the_same_whoever_asks(monkeypatch, tmp_path, name, value):
    monkeypatch.delenv(name, raising=False)
    before = environment.kernel_environment(tmp_path)
    monkeypatch.setenv(name, value)
    assert environment.kernel_environment(tmp_path) == before


@pytest.mark.parametrize("module", ["argparse", "nbformat", "filelock", "tqdm", "json"])
def test_interrupted_while_it_loads(tmp_path, module):
    """As Ctrl-C in the first second, wherever it meets the command."""
    (tmp_path / f"{module}.py").write_text("raise KeyboardInterrupt")
    ran = subprocess.run(
        [sys.executable, "-m", "mmhelpers", "run", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        encoding="utf-8",
    )
    assert ran.returncode == 130
    assert ran.stderr == "interrupted: half-executed notebooks and old plots are kept\n"


needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


@needs_full_device
@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["run", "1"]])
def test_output_that_nobody_can_take(project, arguments):
    project.add("01_one")
    project.pretend(project.PROGRAM)
    with open("/dev/full", "w") as full:
        ran = project.run(*arguments, stdout=full, env={"PYTHONUNBUFFERED": ""})
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == "error: can't print: No space left on device"
    assert "Traceback" not in ran.stderr and "Exception" not in ran.stderr
    if "1" in arguments:
        assert project.metrics("01_one")["status"] == "ok"
        assert project.assets() == {"new.png": "new"}


@needs_full_device
@pytest.mark.parametrize("closed", ["2>/dev/full", "2>&-", "2>&- >&-"])
def test_progress_that_nobody_can_take(project, closed):
    project.add("01_one")
    project.pretend(project.PROGRAM)
    ran = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m mmhelpers run {closed}"],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(project.root)},
        capture_output=True,
        encoding="utf-8",
    )
    assert ran.returncode == 0 and project.metrics("01_one")["status"] == "ok"
    assert ("one/loss 2.5000" in ran.stdout) == (">&- >" not in closed)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes")
def test_output_into_a_pipe_that_ends(project):
    project.add("01_one")
    project.pretend(project.PROGRAM)
    process = project.start("run")
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(600) == 1
    assert err.splitlines()[-1] == "error: can't print: Broken pipe" and "Traceback" not in err
    assert project.assets() == {"new.png": "new"}


def test_refresh(project):
    path = project.add("01_one", project.WORK, "print(names)\n[1, 2]")
    failing = [project.add("02_two", "1 / 0"), project.add("03_three", "'/home/me/list.txt'")]
    before = [path.read_bytes() for path in failing]
    ids = [cell.id for cell in read_notebook(path).cells]
    (project.root / "names-lecture.txt").write_text("anna\nbo\n" * 10)
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


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (new_output("stream", text="no picture"), "shows 0 pictures where 1 are stored"),
        (new_output("stream", name="stderr", text="no font\n"), "shows a warning, no font"),
        (new_output("stream", text="in /home/me/x"), "shows a path of this machine, /home/me/x"),
    ],
)
def test_refresh_stores_no_less_than_there_was(here, output, reason):
    (here.root / "names-lecture.txt").write_text("anna\nbo\n" * 10)
    path = here.add("01_one", "draw()")
    picture = new_output("display_data", data={"image/png": "aGVsbG8="})
    stored = read_notebook(path)
    stored.cells[-1].outputs = [picture]
    write_notebook(stored, path)
    [job] = plan.plan([1], [("names", "lecture")], refresh=True)
    before, assets = path.read_bytes(), here.assets()
    stored.cells[-1].outputs = [output] if "pictures" in reason else [picture, output]
    write_notebook(stored, job.executed)
    with pytest.raises(NotebookError) as caught:
        runner.store_outputs(job)
    assert str(caught.value) == f"01_one {reason}: not stored"
    assert path.read_bytes() == before and here.assets() == assets


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

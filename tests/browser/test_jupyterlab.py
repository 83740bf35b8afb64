"""Notebooks in JupyterLab, as a learner runs them; what is not to be seen at once is its model."""

import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mmhelpers.runs.environment import kernel_environment
from mmhelpers.runs.files import KERNELSPEC, QUICK_STEPS, find_notebooks, write_notebook
from mmhelpers.runs.notebook import quick_copy

SECONDS = 300  # for a command, such as a notebook's quick run on a busy machine
DO = """([name, seconds]) => Promise.race([
    jupyterapp.commands.execute(name),
    new Promise(resolve => setTimeout(resolve, 1000 * seconds, "timed out")),
])"""
SHOW = """index => {
    const content = jupyterapp.shell.currentWidget.content;
    content.activeCellIndex = index;
    return content.scrollToItem(index, "start");
}"""
IDLE = """() => {
    const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
    return kernel?.connectionStatus == "connected" && kernel.status == "idle";
}"""
OTHER = "before => document.querySelector('img.widget-image').src != before"
TRAINING = [
    """import torch
from mmhelpers.models import MLP
from mmhelpers.optim import SGD
from mmhelpers.training import train
X, Y = torch.zeros((64, 3), dtype=torch.int64), torch.zeros(64, dtype=torch.int64)
model, steps = MLP(27), 10**8""",
    "history = train(model, (X, Y), steps, SGD(model.parameters(), 0.1))",
    "steps = 100",
    "again = train(model, (X, Y), steps, SGD(model.parameters(), 0.1))",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory, chromium):
    """Gives JupyterLab's address, with quick copies of three notebooks and one that trains."""
    folder = tmp_path_factory.mktemp("lab")
    options = {"names": "bundled", "steps": QUICK_STEPS, "output_dir": str(folder / "plots")}
    (folder / "work").mkdir()
    for path in find_notebooks([1, 3, 9]):
        quick_copy(path, folder / "work" / path.name, **options)
    cells = [new_code_cell(source) for source in TRAINING]
    notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    write_notebook(notebook, folder / "work" / "training.ipynb")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", str(folder / "work")]
    command += ["--no-browser", "--allow-root", "--IdentityProvider.token="]
    command += [f"--port={port}", "--expose-app-in-browser"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=kernel_environment(folder), stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, process, folder / "log")
        yield address
    finally:
        process.terminate()
        process.wait()


def wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    """Returns when a server answers; fails where it ended or takes longer than a minute."""
    for _ in range(120):
        assert process.poll() is None, log.read_text()
        try:
            return urlopen(f"{address}/api").close()
        except OSError:
            time.sleep(0.5)
    pytest.fail(log.read_text())


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, tab, address: str, name: str) -> None:
        self.tab = tab
        self.tab.goto(f"{address}/lab/workspaces/{name}/tree/{name}.ipynb")
        self.tab.wait_for_function(IDLE)

    def do(self, command: str) -> object:
        """Carries out a command of JupyterLab's menus; gives what it returns when it is done."""
        return self.tab.evaluate(DO, [command, SECONDS])

    def cells(self) -> list[dict]:
        """Gives the cells as they would be saved."""
        script = "jupyterapp.shell.currentWidget.content.model.toJSON().cells"
        cells = self.tab.evaluate(script)
        return [{**cell, "source": "".join(cell["source"])} for cell in cells]

    def show(self, index: int) -> None:
        """Makes a cell the active one, and scrolls to it."""
        self.tab.evaluate(SHOW, index)

    def index(self, text: str) -> int:
        """Gives the place of the first cell whose source has a text."""
        return next(i for i, cell in enumerate(self.cells()) if text in cell["source"])

    def printed(self, index: int) -> str:
        """Gives what a cell printed."""
        outputs = self.cells()[index]["outputs"]
        return "".join("".join(output.get("text", "")) for output in outputs)

    def run(self, index: int) -> object:
        """Runs one cell."""
        self.show(index)
        return self.do("notebook:run-cell")

    def run_all(self) -> list[str]:
        """Runs all cells; gives the errors and the warnings that they show then."""
        assert self.do("notebook:run-all-cells") is True
        code = [cell for cell in self.cells() if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
        outputs = [output for cell in code for output in cell["outputs"]]
        wrong = [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
        return [str(output) for output in wrong]

    def is_modified(self) -> bool:
        """Tells whether its tab has the dot of what is not saved."""
        return self.tab.locator(".lm-TabBar-tab.jp-mod-dirty").count() > 0


@pytest.fixture
def opened(server, new_page):
    """Gives a function that opens a notebook."""

    def opened(name: str) -> Notebook:
        page = new_page()
        page.tab.set_default_timeout(60_000)
        return Notebook(page.tab, server, name)

    return opened


def test_01_opens_unmodified_and_runs(opened):
    notebook = opened("01_bigram")
    assert not notebook.is_modified()
    assert notebook.run_all() == []
    assert notebook.is_modified()


def move_a_slider(notebook: Notebook) -> None:
    """Pulls the first slider of a notebook; returns when its picture has changed."""
    notebook.show(notebook.index("plotting.with_sliders("))
    before = notebook.tab.locator("img.widget-image").get_attribute("src")
    notebook.tab.locator(".jp-OutputArea .noUi-handle").first.press("ArrowLeft")
    notebook.tab.wait_for_function(OTHER, arg=before)


def test_03_opens_unmodified_runs_and_its_sliders_move_the_picture(opened):
    notebook = opened("03_deep_mlp_batchnorm")
    assert not notebook.is_modified()
    assert notebook.run_all() == []
    move_a_slider(notebook)


def test_the_sampler_of_09_moves_its_picture_and_the_quiz_counts(opened):
    notebook = opened("09_generation")
    assert notebook.run_all() == []
    move_a_slider(notebook)
    notebook.show(notebook.index("plotting.Quiz("))
    for button in notebook.tab.locator(".widget-toggle-buttons button", has_text="real").all():
        button.click()
    index = notebook.index("pressed = quiz.answers")
    assert notebook.run(index) is True
    right, names = map(
        int, re.findall(r"your answers: (\d+) of (\d+) right", notebook.printed(index))[0]
    )
    assert 2 * right == names > 0  # half of the names are real


def test_bars_are_whole_after_an_interrupt(opened):
    notebook = opened("training")
    notebook.run(0)
    notebook.show(1)
    notebook.tab.keyboard.press("Control+Enter")
    notebook.tab.locator(".jp-OutputArea", has_text="it/s").first.wait_for()
    notebook.do("kernelmenu:interrupt")
    notebook.tab.wait_for_function(IDLE)
    assert "KeyboardInterrupt" in str(notebook.cells()[1]["outputs"])
    for index in 2, 1, 3:
        assert notebook.run(index) is True
    for index in 1, 3:
        assert re.fullmatch(r"100%.*\| 100/100 \[[^\n]*\]\s*", notebook.printed(index))

"""The cleaning of notebooks, and the copies of them that the tests run."""

import errno
import os
import platform
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmhelpers.runs.files import (
    WIDGET,
    NotebookError,
    check_parameters,
    clean,
    convert_parameter,
    faults,
    machine_paths,
    read_notebook,
    read_parameters,
    write_notebook,
)
from mmhelpers.runs.notebook import quick_copy


def stream(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return new_output("stream", name=name, text=text)


def shown(data: dict, kind: str = "display_data") -> nbformat.NotebookNode:
    return new_output(kind, data=data)


def notebook(*outputs: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Gives a notebook as papermill leaves it, whose last cell has these outputs."""
    parameters = new_code_cell("steps = 10\nnames = 'auto'\nloud = False", execution_count=1)
    parameters.metadata = {"tags": ["parameters"], "papermill": {"duration": 1}}
    injected = new_code_cell("steps = 2", metadata={"tags": ["injected-parameters"]})
    hidden = {
        "jupyter": {"source_hidden": True},
        "tags": [],
        "execution": {"iopub.status.idle": "now"},
    }
    last = new_code_cell("1", execution_count=7, outputs=list(outputs), metadata=hidden)
    cells = [new_markdown_cell("# Title"), parameters, injected, new_code_cell(""), last]
    metadata = {
        "papermill": {},
        "widgets": {},
        "kernelspec": {"name": "mine", "display_name": "Mine"},
    }
    return new_notebook(cells=nbformat.from_dict(cells), metadata=metadata)


def test_clean_metadata():
    dirty = notebook()
    ids = [cell.id for cell in dirty.cells if cell.source != "steps = 2"]
    cleaned = clean(dirty)
    assert [cell.id for cell in cleaned.cells] == ids
    assert cleaned.metadata.keys() == {"kernelspec", "language_info"}
    assert cleaned.cells[1].metadata == {"tags": ["parameters"]}
    assert cleaned.cells[-1].metadata == {"jupyter": {"source_hidden": True}}
    counts = [cell.execution_count for cell in cleaned.cells if cell.cell_type == "code"]
    assert counts == [1, None, 2]


# What JupyterLab 4 writes when it opens a notebook, whether it stood there or not.
JUPYTERLAB_WRITES = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": platform.python_version(),
}


def test_jupyterlab_has_nothing_to_add_to_the_metadata():
    cleaned = clean(notebook())
    assert cleaned.metadata.language_info == JUPYTERLAB_WRITES
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    assert cleaned.metadata.kernelspec == kernel


@pytest.mark.parametrize(
    ("jupyter", "written"),
    [
        ({"source_hidden": True}, {}),
        ({"outputs_hidden": True}, {"collapsed": True}),
        ({"source_hidden": True, "outputs_hidden": True}, {"collapsed": True}),
        ({"outputs_hidden": False}, {"collapsed": False}),
    ],
)
def test_jupyterlab_has_nothing_to_add_to_a_collapsed_cell(jupyter, written):
    dirty = notebook()
    dirty.cells[-1].metadata = nbformat.from_dict({"jupyter": jupyter, "tags": ["mine"]})
    kept = clean(dirty).cells[-1].metadata
    assert kept == {"tags": ["mine"], "jupyter": jupyter, **written}


@pytest.mark.parametrize("kind", ["display_data", "execute_result"])
@pytest.mark.parametrize("alt", ["A curve that falls", "Кривая", 'a "b" <c> & d'])
def test_clean_keeps_alt_texts(kind, alt):
    picture = shown({"image/png": "aGVsbG8=\n"}, kind)
    picture.metadata = nbformat.from_dict({"image/png": {"alt": alt}})
    stored = nbformat.reads(nbformat.writes(clean(notebook(picture))), as_version=4)
    assert stored.cells[-1].outputs[0].metadata == {"image/png": {"alt": alt}}


def test_clean_outputs():
    picture = {"image/png": "aGVsbG8=\n", "text/plain": "<Figure size 640x480 with 1 Axes>"}
    outputs = [
        stream("  0%\r 50%"),
        stream("\r100%\ndone\n"),
        stream("to the side", "stderr"),
        shown({WIDGET: {"model_id": "3f"}, "text/plain": "interactive(...)"}),
        shown(picture),
        shown({"text/plain": "1"}, "execute_result"),
    ]
    left = clean(notebook(*outputs)).cells[-1].outputs
    assert [output.output_type for output in left] == [
        "stream", "stream", "display_data", "execute_result",
    ]  # fmt: skip
    assert left[0].text == "100%\ndone\n"
    assert left[2].data == picture
    assert left[3].execution_count == 2


def test_clean_twice_is_clean_once():
    once = clean(notebook(stream("a\rb\r\nc\r"), stream("d\re"), stream("f")))
    text = nbformat.writes(once)
    nbformat.validate(once)
    assert nbformat.writes(clean(nbformat.reads(text, as_version=4))) == text


def test_machine_paths():
    error = new_output("error", ename="E", evalue="", traceback=["File /home/me/x.py"])
    outputs = [stream("saved /tmp/a/b.png\n"), shown({"text/html": "C:\\Users\\me"}), error]
    assert machine_paths(notebook(*outputs)) == ["/tmp/a/b.png", "C:\\Users\\me", "/home/me/x.py"]
    assert not machine_paths(notebook(stream("saved assets/01_bigram/b.png 1/2 /10\n")))


def test_faults():
    picture = shown({"image/png": "aGVsbG8="})
    three, two = notebook(picture, picture, picture), notebook(picture, picture)
    assert not faults(three, two) and not faults(two, two)
    assert faults(two, three) == ["shows 2 pictures where 3 are stored"]
    warned = notebook(stream("x.py:1: UserWarning: no font\n  plot()\n", "stderr"))
    assert faults(warned, warned) == ["shows a warning, x.py:1: UserWarning: no font"]
    told = notebook(stream("see /home/me/x"))
    assert faults(told, told) == ["shows a path of this machine, /home/me/x"]


def test_parameters(tmp_path):
    path = tmp_path / "01_one.ipynb"
    nbformat.write(notebook(), path)
    assert read_parameters(path) == {"steps": 10, "names": "auto", "loud": False}
    assert convert_parameter(path, "steps", "20") == 20
    assert convert_parameter(path, "names", "20") == "20"
    assert convert_parameter(path, "loud", "true") is True
    for name, text in [("steps", "2.5"), ("loud", "2"), ("steps", ""), ("stepz", "1")]:
        with pytest.raises(NotebookError):
            convert_parameter(path, name, text)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 0}, "01_one.ipynb: steps must be 1 or more, not 0"),
        ({"steps": "50"}, "01_one.ipynb: steps must be 1 or more, not '50'"),
        ({"steps": 1e3}, "01_one.ipynb: steps must be 1 or more, not 1000.0"),
        ({"seed": -1}, "seed must be from 0 to 9223372036854775807, not -1"),
        ({"seed": 2**63}, "not 9223372036854775808"),
        ({"seed": 10**23 - 1}, "not 99999999999999999999999"),
        ({"seed": "1"}, "not '1'"),
    ],
)
def test_numbers_that_no_run_can_take(values, message):
    check_parameters(Path("01_one.ipynb"), {"steps": 1, "seed": 2**63 - 1})
    with pytest.raises(NotebookError) as caught:
        check_parameters(Path("01_one.ipynb"), values)
    assert message in str(caught.value)


TEXTS = ["it's", 'a "b"', "C:\\new\\table", "имя 名", "{braces}", "", "two\nlines"]


@pytest.mark.parametrize("text", TEXTS)
def test_quick_copy(tmp_path, text):
    path = tmp_path / "01_{one}.ipynb"
    original = clean(notebook(stream("stored\n")))
    write_notebook(original, path)
    copy = read_notebook(quick_copy(path, tmp_path / "copy.ipynb", steps=3, names=text))
    injected = copy.cells.pop(2)
    found = {}
    exec(injected.source, found)
    assert (found["steps"], found["names"]) == (3, text)
    assert injected.execution_count is None
    assert [c.source for c in copy.cells] == [c.source for c in original.cells]
    assert copy.cells[-1].outputs == original.cells[-1].outputs
    with pytest.raises(NotebookError, match="no parameter 'stepz'"):
        quick_copy(path, tmp_path / "copy.ipynb", stepz=3)


def test_notebook_is_written_whole(tmp_path, monkeypatch):
    path = tmp_path / "01_one.ipynb"
    write_notebook(clean(notebook()), path)
    before = path.read_bytes()
    assert before.startswith(b'{\n "cells"') and before.endswith(b"}\n")

    def fail(*names):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_notebook(notebook(stream("other")), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_reading_about_notebooks_does_not_load_torch():
    modules = "files, plan, report, runner, environment"
    code = f"import sys; from mmhelpers.runs import {modules}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "nbformat" in ran.stdout.split()
    assert not {"torch", "papermill", "matplotlib", "nbconvert"} & set(ran.stdout.split())

"""The cleaning of notebooks, and the copies of them that the tests run."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmhelpers.runs.files import (
    KERNELSPEC,
    WIDGET,
    NotebookError,
    clean,
    convert_parameter,
    machine_paths,
    quick_copy,
    read_notebook,
    read_parameters,
)


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
    assert cleaned.metadata == {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    assert cleaned.cells[1].metadata == {"tags": ["parameters"]}
    assert cleaned.cells[-1].metadata == {"jupyter": {"source_hidden": True}}
    counts = [cell.execution_count for cell in cleaned.cells if cell.cell_type == "code"]
    assert counts == [1, None, 2]


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


def test_parameters(tmp_path):
    path = tmp_path / "01_one.ipynb"
    nbformat.write(notebook(), path)
    assert read_parameters(path) == {"steps": 10, "names": "auto", "loud": False}
    assert convert_parameter(path, "steps", "20") == 20
    assert convert_parameter(path, "names", "20") == "20"
    assert convert_parameter(path, "loud", "true") is True
    for name, text in [("steps", "2.5"), ("loud", "2"), ("steps", "0"), ("stepz", "1")]:
        with pytest.raises(NotebookError):
            convert_parameter(path, name, text)


def test_quick_copy(tmp_path):
    path = tmp_path / "01_one.ipynb"
    original = clean(notebook(stream("stored\n")))
    nbformat.write(original, path)
    copy = read_notebook(quick_copy(path, tmp_path / "copy.ipynb", steps=3, names="it's"))
    assert copy.cells[2].source == 'steps = 3\nnames = "it\'s"'
    assert copy.cells[2].execution_count is None
    assert copy.cells[-1] == original.cells[-1]
    with pytest.raises(NotebookError, match="no parameter 'stepz'"):
        quick_copy(path, tmp_path / "copy.ipynb", stepz=3)

"""Figures in a notebook: each is shown once, with its alt text, as the file that was written."""

import base64

import nbformat
import pytest
from nbclient import NotebookClient

SETUP = "from mmhelpers.plotting import plot_loss, save_figure\nax = plot_loss({'a': [1.0, 2.0]})"
SAVE = "save_figure({ax}, {folder!r}, 'a', alt='A line rises.')"
OWN = "import matplotlib.pyplot as plt\nmine = plot_loss({'a': [1.0, 2.0]}, ax=plt.subplots()[1])\n"


@pytest.fixture(scope="module", params=["module://matplotlib_inline.backend_inline", "agg"])
def cells(request, tmp_path_factory):
    """The folder of the figure, and the cells of a notebook that ran under a backend."""
    folder = tmp_path_factory.mktemp("shown")
    sources = [SETUP, SAVE.format(ax="ax", folder=str(folder)), "ax"]
    sources.append(OWN + SAVE.format(ax="mine", folder=str(folder / "own")))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    patch = pytest.MonkeyPatch()
    patch.setenv("MPLBACKEND", request.param)
    NotebookClient(notebook, kernel_name="python3").execute()
    patch.undo()
    return folder, notebook.cells


def test_a_saved_figure_is_shown_once_as_the_file(cells):
    folder, (setup, saved, _, own) = cells
    assert not setup.outputs
    for cell, file in ((saved, folder / "a.png"), (own, folder / "own" / "a.png")):
        (output,) = cell.outputs
        assert output.output_type == "display_data"
        assert output.metadata == {"image/png": {"alt": "A line rises."}}
        assert output.data["text/plain"] == "<IPython.core.display.Image object>"
        assert base64.b64decode(output.data["image/png"]) == file.read_bytes()


def test_axes_at_the_end_of_a_cell_show_their_figure(cells):
    (output,) = cells[1][2].outputs
    assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")

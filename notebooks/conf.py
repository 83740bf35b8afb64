"""The series as a site: `make book` builds it from the stored outputs into build/book."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
from myst_parser.slugs import github_slugify

ROOT = Path(__file__).parents[1]

project = "makemore, notebook by notebook"
author = copyright = "the contributors"
extensions = ["myst_nb", "sphinx.ext.mathjax"]
nb_execution_mode = "off"
nb_code_prompt_show = "Solution"
nb_code_prompt_hide = "Solution"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3

# Everything a page needs lies beside it, MathJax too: in one file that draws with SVG, no fonts.
mathjax = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static/mathjax/tex-svg.js"
html_static_path = [str(mathjax), "book.css"]
html_css_files = ["book.css"]
mathjax_path = mathjax.name
html_theme = "sphinx_book_theme"
html_title = project
html_use_index = False  # of Python names: there are none
html_show_search_summary = False  # which would take a server
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system has it
html_theme_options = {
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "navbar_persistent": [],  # a second search field
}
if repository := os.environ.get("BOOK_REPOSITORY"):  # its address, where the book is published
    html_theme_options |= {
        "repository_url": repository,
        "repository_branch": "main",
        "use_repository_button": True,
        "path_to_docs": "notebooks",
        "launch_buttons": {"binderhub_url": "https://mybinder.org"},
    }


def prepare(app: object, page: str, source: list[str]) -> None:
    """Changes a page before it is read: a notebook's cells, or what a command prints."""
    if not source[0].startswith("{"):
        source[0] = re.sub(r"(?m)^\$ python (-m .*)$", printed, source[0])
        return
    notebook = nbformat.reads(source[0], as_version=4)
    for cell in notebook.cells:
        prepare_cell(cell)
    source[0] = nbformat.writes(notebook)


def printed(command: re.Match) -> str:
    """Gives a line with a command, and below it what the command prints."""
    arguments = [sys.executable, *command[1].split()]
    ran = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    return f"{command[0]}\n{ran.stdout}"


def prepare_cell(cell: nbformat.NotebookNode) -> None:
    """Folds a solution, hands on a figure's alt text, and rewrites what JupyterLab reads otherwise.

    That is links to headings, and the Markdown within <details>, which needs blank lines around.
    """
    if cell.cell_type == "markdown":
        text = cell.source.replace("<details>", '<details class="mb-3">')
        text = re.sub("(</summary>)|(</details>)", r"\1\n\n\2", text)
        cell.source = re.sub(r"(\]\([\w.]*#)([^)]+)", with_slug, text)
        return
    if cell.metadata.get("jupyter", {}).get("source_hidden"):
        cell.metadata.setdefault("tags", []).append("hide-cell")
    for output in cell.outputs:
        if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
            cell.metadata["mystnb"] = {"image": {"alt": alt}}
        if table := output.get("data", {}).get("text/html"):  # the theme knows tables by this name
            output.data["text/html"] = table.replace("<table>", '<table class="dataframe">')


def with_slug(link: re.Match) -> str:
    """Gives the start of a link, its heading as the site calls it."""
    return link[1] + github_slugify(link[2])


def setup(app: object) -> None:
    """Tells Sphinx about it."""
    app.connect("source-read", prepare)

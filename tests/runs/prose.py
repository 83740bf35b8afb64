"""The numbers in a notebook's prose, and where they may come from."""

import ast
import csv
import re
from pathlib import Path

from nbformat import NotebookNode

from mmhelpers.reference import figures
from mmhelpers.runs.files import ROOT, code_cells, output_texts

CITED = Path(__file__).with_name("cited.csv")  # numbers from elsewhere, each with its source
NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?!\d)|(?<![\w.])\d+(?:\.\d+)?(?:e[-+]?\d+)?")
# Code, formulas, addresses, HTML tags and the numbers of headings, references and years.
NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|\]\([^)]*\)|<[^>]*>|^#+ .*$|\b(?:1[89]|20)\d\d\b",
    re.DOTALL | re.MULTILINE,
)
PER_CENT = re.compile(r"\s*(?:%|per cent)")
SMALL_COUNT = 100  # a count below it can't be told from a size, a section or a step


def claims(text: str) -> list[tuple[str, bool]]:
    """Gives the losses, counts and per cents of a Markdown text: each as written, and whether
    it is a per cent.

    A loss has two digits after its point, or "nats" after it; a count is 100 or more.
    """
    text = NOT_PROSE.sub(" ", text)
    found = []
    for match in NUMBER.finditer(text):
        number, after = match[0], text[match.end() :]
        per_cent = bool(PER_CENT.match(after))
        decimals = len(number.partition(".")[2])
        is_loss = decimals >= 2 or re.match(r"\s*nats?\b", after)
        is_count = not decimals and float(number.replace(",", "")) >= SMALL_COUNT
        if per_cent or is_loss or is_count:
            found.append((number, per_cent))
    return found


def numbers_in(text: str) -> set[float]:
    """Gives all numbers in a text."""
    return {float(number.replace(",", "")) for number in NUMBER.findall(text)}


def numbers_in_code(source: str) -> set[float]:
    """Gives the numbers that a cell's code holds: its own sizes, rates and steps."""
    nodes = ast.walk(ast.parse(source))
    constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return {float(c) for c in constants if isinstance(c, int | float) and not isinstance(c, bool)}


def holds(number: str, per_cent: bool, sources: set[float]) -> bool:
    """Tells whether a number as written is one of the sources, rounded to its digits.

    A count may be rounded to its last digit that is not 0; a per cent may come from a share.
    """
    value, decimals = float(number.replace(",", "")), len(number.partition(".")[2])
    whole = number.replace(",", "")
    unit = 10.0**-decimals if decimals else 10.0 ** (len(whole) - len(whole.rstrip("0")))
    candidates = [*sources, *(100 * s for s in sources)] if per_cent else sources
    return any(abs(abs(source) - value) <= 0.5000001 * unit for source in candidates)


def cited() -> set[float]:
    """Gives the numbers that come from elsewhere."""
    with CITED.open(newline="", encoding="utf-8") as file:
        return {float(row["number"].replace(",", "")) for row in csv.DictReader(file)}


def stored_studies(notebook: str) -> set[float]:
    """Gives the numbers of the studies that are stored with a notebook."""
    files = (ROOT / "assets" / notebook).glob("*.json")
    return set().union(*(numbers_in(file.read_text(encoding="utf-8")) for file in files))


def expected() -> set[float]:
    """Gives the numbers of the table of expected figures."""
    return {float(f.value) for f in figures() if f.tolerance or NUMBER.fullmatch(f.value)}


def without_source(notebook: NotebookNode, sources: set[float]) -> list[str]:
    """Gives the numbers of the prose that neither the outputs, the code nor the sources hold."""
    known = set(sources)
    for cell in code_cells(notebook):
        known |= numbers_in_code(cell.source)
        known |= set().union(*(numbers_in(text) for text in output_texts(cell)), set())
    return [
        f"{number}{' %' * per_cent} in: {' '.join(cell.source.split())[:60]}"
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for number, per_cent in claims(cell.source)
        if not holds(number, per_cent, known)
    ]

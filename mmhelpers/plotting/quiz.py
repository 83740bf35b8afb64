"""Names to judge with buttons, in JupyterLab."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ipywidgets

REAL, MADE_UP = "real", "made up"


class Quiz:
    """A row for each name with two buttons, real and made up; `answers` are those pressed.

    The buttons live as long as the kernel; nothing of them is stored.  Raises ValueError for no
    names.
    """

    def __init__(self, names: Sequence[str]) -> None:
        import ipywidgets

        if not names:
            raise ValueError("no names to judge")
        self.buttons, rows = [], []
        for number, name in enumerate(names, 1):
            text = ipywidgets.HTML(
                f"{number}. <b>{html.escape(name)}</b>", layout={"width": "11em"}
            )
            self.buttons.append(ipywidgets.ToggleButtons(options=[REAL, MADE_UP], value=None))
            rows.append(ipywidgets.HBox([text, self.buttons[-1]]))
        self.widget: ipywidgets.Widget = ipywidgets.VBox(rows)

    @property
    def answers(self) -> list[bool | None]:
        """For each name whether it was taken for a real one; None where no button was pressed."""
        return [None if b.value is None else b.value == REAL for b in self.buttons]

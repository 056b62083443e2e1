"""The steps of an Explorer's session, and a button that writes them as a notebook."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from eowidgets.cube.opening import opening
from eowidgets.errors import EowidgetsError

if TYPE_CHECKING:
    from eowidgets.widgets.explorer import Explorer


class SessionPanel(ipywidgets.VBox):
    """The steps of a session; they can be removed or written as a notebook.

    Parameters
    ----------
    explorer : Explorer
    """

    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer
        self._steps, self._message = ipywidgets.HTML(), ipywidgets.HTML()
        self._path = ipywidgets.Text("session.ipynb", description="Notebook", layout={"width": "auto"})
        self._write = ipywidgets.Button(description="Write notebook", button_style="primary", icon="book")
        self._forget = ipywidgets.Button(description="Forget", icon="eraser", tooltip="Remove all steps")
        self._write.on_click(lambda _: self.write())
        self._forget.on_click(lambda _: explorer.recorder.clear())
        buttons = ipywidgets.HBox((self._write, self._forget))
        super().__init__((self._steps, self._path, buttons, self._message))
        self.add_class("eow-session-panel")
        explorer.recorder.on_change(self._fill)
        self._fill()

    def write(self) -> Path | None:
        """Write the notebook; return None on an error, which the panel shows."""
        try:
            made = self._explorer.to_notebook(self._path.value)
        except EowidgetsError as error:
            self._say(str(error), "eow-bad")
            return None
        self._say(f"Written as {made}.", "eow-good")
        return made

    def _fill(self) -> None:
        cells = self._explorer.recorder.cells(opening(self._explorer.cube) or "...")[3:-1]
        rows = "".join(f"<li>{escape(words.splitlines()[0][:120])}</li>" for words, _ in cells)
        self._steps.value = (
            f"<ol>{rows}</ol>" if rows else "Your steps are listed here and can be written as a notebook."
        )

    def _say(self, text: str, kind: str) -> None:
        self._message.value = f"<div class='{kind}' role='status'>{escape(text)}</div>"

    def __repr__(self) -> Any:
        """Return the number of steps."""
        return f"SessionPanel({len(self._explorer.recorder)} steps)"

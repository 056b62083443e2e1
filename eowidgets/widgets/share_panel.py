"""Save the view of an Explorer as a picture, a film or a page, or share it as a link."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from eowidgets.engine.scheduler import LIGHT
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError

if TYPE_CHECKING:
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: Kind of file: word on the button, icon, ending.
KINDS = {
    "picture": ("Picture (PNG)", "image", ".png"),
    "page": ("Web page (HTML)", "globe", ".html"),
    "gif": ("Film (GIF)", "film", ".gif"),
    "film": ("Film (MP4)", "film", ".mp4"),
}
#: Traits that are part of a link.
_SHOWN: tuple[str, ...] = (
    "date",
    "bands",
    "index",
    "vmin",
    "vmax",
    "gamma",
    "cmap",
    "stretch",
    "clouds",
    "compare_mode",
    "compare_date",
)
_SHOWN += ("swipe", "selection", "bounds", "pins")
_OVERWRITES = "A file of that name is replaced."


class SharePanel(ipywidgets.VBox):
    """Buttons that write files next to the notebook, and a link to the view.

    Parameters
    ----------
    viewer : TimeViewer
    """

    def __init__(self, viewer: TimeViewer) -> None:
        self._viewer = viewer
        self._name = ipywidgets.Text("view", description="File name", layout={"width": "auto"}, tooltip=_OVERWRITES)
        self._buttons = {}
        for kind, (words, icon, ending) in KINDS.items():
            button = ipywidgets.Button(
                description=words, icon=icon, tooltip=f"Write a file {ending} next to the notebook"
            )
            button.on_click(lambda _, kind=kind: self.write(kind))
            self._buttons[kind] = button
        self._link = ipywidgets.Text(description="Link", layout={"width": "auto"}, continuous_update=False)
        self._link.tooltip = "The view as text: added to the address of a saved page, it opens this view"
        self._open = ipywidgets.Button(description="Open", icon="folder-open", tooltip="Open the view of the link")
        self._open.on_click(lambda _: self.show_link())
        self._message = ipywidgets.HTML()
        note = ipywidgets.HTML(
            "<small>Add the link to the address of a saved web page, or paste one here and open it.</small>"
        )
        super().__init__((self._name, *self._buttons.values(), self._message, self._link, self._open, note))
        self.add_class("eow-share-panel")
        viewer.observe(self._relink, names=list(_SHOWN))
        self._relink()

    def write(self, kind: str) -> Work[Path]:
        """Write a file in the background.

        Parameters
        ----------
        kind : {"picture", "page", "gif", "film"}
        """
        path = Path(f"{self._name.value.strip() or 'view'}{KINDS[kind][2]}")
        makers: dict[str, Callable[[], Path]] = {
            "picture": lambda: _picture(self._viewer, path),
            "page": lambda: self._viewer.to_html(path),
            "gif": lambda: self._viewer.to_gif(path),
            "film": lambda: self._viewer.to_mp4(path),
        }
        self._enable(False)
        self._say(f"{path} is being written ...", "eow-wait")
        work: Work[Path] = LIGHT.submit(f"writing {path}", lambda _: makers[kind](), owner=self)
        work.on_change(lambda w: self._done(w, path))
        return work

    def show_link(self) -> None:
        """Show the view of the link in the field."""
        try:
            self._viewer.open_link(self._link.value)
        except EowidgetsError as error:
            self._say(str(error), "eow-bad")
            return
        self._say("The view of the link is shown.", "eow-good")

    def _done(self, work: Work[Path], path: Path) -> None:
        if not work.over:
            return
        self._enable(True)
        try:
            work.result()
        except Exception as error:  # noqa: BLE001  (any error is shown in the panel)
            self._say(
                str(error) if isinstance(error, EowidgetsError) else f"{type(error).__name__}: {error}", "eow-bad"
            )
            return
        self._say(f"Saved as {path} ({path.stat().st_size / 1e6:.1f} MB).", "eow-good")

    def _enable(self, on: bool) -> None:
        for button in self._buttons.values():
            button.disabled = not on

    def _relink(self, _: Any = None) -> None:
        self._link.value = self._viewer.link

    def _say(self, text: str, kind: str) -> None:
        self._message.value = f"<div class='{kind}' role='status'>{escape(text[:300])}</div>"

    def __repr__(self) -> str:
        """Return the link."""
        return f"SharePanel({self._viewer.link})"


def _picture(viewer: TimeViewer, path: Path) -> Path:
    from eowidgets.cube.export.place import write_whole

    content = viewer.snapshot()
    return write_whole(path, lambda part: Path(part).write_bytes(content))

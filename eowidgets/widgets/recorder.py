"""Recording of the steps in an Explorer as cells of a notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from eowidgets.analysis.notebook import Cells
from eowidgets.widgets.panels.notebook_export import MODEL_LINE

if TYPE_CHECKING:
    from eowidgets.widgets.panels.ask_panel import AskPanel
    from eowidgets.widgets.panels.panel import FormPanel
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: Traits of a viewer that a user changes. Changes during dragging or playing are merged into one step.
LOOKS: tuple[str, ...] = (
    "date",
    "bands",
    "index",
    "vmin",
    "vmax",
    "stretch",
    "gamma",
    "cmap",
    "clouds",
    "compare_mode",
    "compare_date",
)
LOOKS += ("compare_key", "swipe", "selection", "pins", "area", "polygons", "layers")
#: Not written: layers are results, which their cell shows, and a second cube has no name.
_UNWRITTEN = ("layers", "compare_key")
_WORDS = {
    "date": "the date",
    "bands": "the bands",
    "index": "the index",
    "pins": "the pins",
    "area": "the area",
    "selection": "the range of dates",
}


class Recorder:
    """Stores the steps of a session in their order.

    Consecutive changes of the view share a cell until something is computed. A run or an answer
    becomes a cell when its result is there, with the code that was shown when it was started.

    Parameters
    ----------
    viewer : TimeViewer
    """

    def __init__(self, viewer: TimeViewer) -> None:
        self._viewer = viewer
        self._steps: list[dict[str, Any] | tuple[str, str]] = []
        self._answers = 0
        #: Date of the viewer before the first step.
        self._began = str(viewer.date)
        self._listeners: list[Callable[[], None]] = []
        viewer.observe(self._looked, names=list(LOOKS))

    def follow(self, panel: FormPanel | AskPanel) -> None:
        """Record the results of a panel."""
        if hasattr(panel, "turns"):
            panel.observe(self._answered, names="turns")
        elif hasattr(panel, "on_done"):
            panel.on_done(self._ran)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call a function after each step."""
        self._listeners.append(callback)

    def clear(self) -> None:
        """Forget all steps."""
        self._steps = []
        self._tell()

    def __len__(self) -> int:
        """Return the number of cells that steps have become."""
        return len(self._steps)

    def cells(self, source: str) -> Cells:
        """Return the cells of a notebook that repeats the session.

        Parameters
        ----------
        source : str
            The expression that opens the cube.
        """
        out = [("", "import eowidgets as eow"), ("The cube.", f"cube = {source}")]
        date = f", date={self._began!r}" if self._began else ""
        out.append(("The viewer.", f"viewer = eow.TimeViewer(cube{date})\nviewer"))
        for step in self._steps:
            if isinstance(step, dict):
                lines = [f"viewer.{name} = {value!r}" for name, value in step.items()]
                words = ", ".join(dict.fromkeys(_WORDS.get(name, "the picture") for name in step))
                out.append((f"Change {words}.", "\n".join(lines)))
                continue
            words, code = step
            if MODEL_LINE in code.splitlines():
                words = f"{words} The model is not registered, so this notebook cannot create it: define it here first."
            out.append((words, _without_opening(code)))
        return [*out, ("", "viewer")]

    def _looked(self, change: Any) -> None:
        name = change["name"]
        # The panel that computed a result also sets the comparison with it.
        beside = name == "compare_mode" and self._viewer.compare_key != "cube"
        if name in _UNWRITTEN or beside:
            return
        if not self._steps or not isinstance(self._steps[-1], dict):
            self._steps.append({})
        last = self._steps[-1]
        assert isinstance(last, dict)  # noqa: S101
        last[name] = _plain(change["new"])
        self._tell()

    def _ran(self, words: str, code: str) -> None:
        if (words, code) not in self._steps[-1:]:
            self._steps.append((words, code))
            self._tell()

    def _answered(self, change: Any) -> None:
        from eowidgets.widgets.panels.ask_panel import plain_markdown  # already imported by then; the import is slow

        done = [t for t in change["new"] if t.get("state") == "done"]
        for turn in done[self._answers :]:
            words = f"{plain_markdown(turn['question'])}\n\n{plain_markdown(turn['text'])}"
            self._ran(words, f"{turn['code']}\nanswer")
        self._answers = len(done)

    def _tell(self) -> None:
        for callback in self._listeners:
            callback()


def _without_opening(code: str) -> str:
    """Return code without the lines that open the cube, which is open."""
    left_out = ("import eowidgets", "cube = ")
    lines = [line for line in code.splitlines() if not line.startswith(left_out)]
    while lines and not lines[0]:
        del lines[0]
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value

"""A panel for questions about a cube in words; the evidence of an answer is shown on viewer and map."""

from __future__ import annotations

import inspect
import json
import re
import threading
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import traitlets
import xarray as xr

from eowidgets.analysis.ask.answer import Answer, refuse
from eowidgets.analysis.ask.asking import BRAINS, ask
from eowidgets.analysis.ask.language import to_json
from eowidgets.analysis.ask.suggest import suggestions
from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.measure.report.of_result import report
from eowidgets.analysis.notebook import Cells
from eowidgets.analysis.planned import planned_question
from eowidgets.arguments import FilePath, checked
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import geobox
from eowidgets.engine.cost import Planned, cost_of
from eowidgets.engine.scheduler import LIGHT
from eowidgets.engine.work import Cancelled, Work
from eowidgets.errors import EowidgetsError, InputError, SourceError, shown, unknown
from eowidgets.render.result import result_picture
from eowidgets.widgets.base import ChoiceTrait, css, esm
from eowidgets.widgets.panels.panel import Panel
from eowidgets.widgets.panels.priced import Clock, Priced

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: Name of the layer that shows evidence.
EVIDENCE = "evidence"
#: Characters of a question that are read from a message; the parser refuses longer ones with an error message.
_LONGEST = 20_000


@checked
class AskPanel(Priced, Panel, anywidget.AnyWidget):
    """Answer questions about a cube that are put in words.

    Parameters
    ----------
    cube : Dataset
    viewer : TimeViewer, optional
        Shows evidence as a layer; suggestions use its date. Without it and a map the panel makes a small one.
    map : AreaMap, optional
        Shows evidence with its legend.
    layers : mapping of str to GeoJSON, optional
        Vector layers of your own, which questions may name.
    brain : {"grounded", "neural"} or callable
        What answers at first; the user may choose in the panel. A callable takes the place of both, and is called like
        :func:`eowidgets.analysis.ask.ask`.
    feedback : str or Path
        JSON Lines file to which ratings are written, one line each.

    Attributes
    ----------
    area : dict or None
        GeoJSON geometry that questions are about; link it with the ``area`` of a map or a viewer.
    answers : list of Answer
        The dialogue so far.
    who : str
        The brain that is chosen; empty where it was given as a callable.
    suggestions : list of str
        Questions that get an answer: each was tried.
    suggesting : Work
        The last search for them.
    error : str
        One sentence, or empty.
    cost : str
        What a question reads at most, and how long questions about that number of pixels took on this machine.

    Raises
    ------
    InputError
        If it is not a cube, or there is no such brain.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.AskPanel(eow.open("romania"))
    AskPanel: Forest in Romania, Sentinel-2, 2015-08 to 2021-01, no question yet
    """

    _esm = esm("panels/ask_panel")
    _css = css("panels/ask_panel")
    #: The viewer that was created for this panel, drawn above the questions.
    picture: Any = traitlets.Any(None).tag(sync=True, **ipywidgets.widget_serialization)
    turns: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    suggestions: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)
    place: Any = traitlets.Unicode().tag(sync=True)
    who: Any = ChoiceTrait(("", *BRAINS), "").tag(sync=True)
    lit: Any = traitlets.Int(-1).tag(sync=True)
    note: Any = traitlets.Unicode().tag(sync=True)
    error: Any = traitlets.Unicode().tag(sync=True)
    cost: Any = traitlets.Unicode().tag(sync=True)
    _lane = LIGHT

    def __init__(
        self,
        cube: xr.Dataset,
        *,
        viewer: TimeViewer | None = None,
        map: AreaMap | None = None,
        layers: Mapping[str, Any] | None = None,
        brain: str | Callable[..., Answer] = "grounded",
        feedback: FilePath = "eowidgets-feedback.jsonl",
    ) -> None:
        cube = admit(cube)
        if not callable(brain) and brain not in BRAINS:
            raise unknown("brain", brain, BRAINS)
        self._look_at(cube, viewer, map)
        self.layers, self.feedback = dict(layers or {}), Path(feedback)
        self.brain: Callable[..., Answer] = brain if callable(brain) else ask
        #: A custom brain with a plan (``ask_server``) shows it in the turn before it runs.
        self._shows_plan = "show" in inspect.signature(self.brain).parameters
        self._answered: dict[int, Answer] = {}
        self._pins: list[dict[str, Any]] | None = None
        self._lock = threading.Lock()
        self._price = object()  # the owner of the work that states the cost; the line is a trait here
        super().__init__(who="" if callable(brain) else brain, picture=self._own_viewer)
        self._link_own_viewer()
        self.observe(self._took_area, names="area")
        self.on_msg(self._hear)
        self.observe(lambda _: self._price_soon(), names=["area", "who"])
        self._suggest()
        self._price_soon()

    @property
    def answers(self) -> list[Answer]:
        """Return the dialogue so far, in the order of the questions."""
        return [self._answered[number] for number in sorted(self._answered)]

    # --- asking ---------------------------------------------------------------------------------------------------

    def ask(self, question: str) -> Work[Answer]:
        """Answer a question in the background, as typing it does; ``.result()`` of the work waits for the answer.

        The kernel is never blocked, and answers come in the order of the questions.

        Parameters
        ----------
        question : str
            The question, in English.

        Returns
        -------
        Work
            Background work whose result is the :class:`~eowidgets.Answer`.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.AskPanel(tiny_cube())
        >>> panel.ask("How many images do we have?").result(60)
        There are 12 images from 2019-01-05 to 2019-06-30.
        """
        with self._lock:
            number = len(self.turns)
            self.turns = [*self.turns, {"question": str(question)[:500], "state": "waiting"}]
        self.error = self.note = ""
        chosen = {"brain": self.who} if self.who and self.brain is ask else {}
        area, clock = self.area, Clock(self._stated())
        work = Work("question", lambda work: self._answer(work, number, str(question), area, chosen, clock), owner=self)
        work.on_change(lambda work: self._follow(work, number, str(question)))
        LIGHT.put(work)
        return work

    def cancel(self) -> None:
        """Stop all questions that are not answered yet.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.AskPanel(tiny_cube())
        >>> panel.cancel()
        """
        LIGHT.drop(self)

    def _follow(self, work: Work[Answer], number: int, question: str) -> None:
        if work.state == "cancelled":
            self._show_turn(number, refuse(question, "Cancelled."))
        elif not work.over:
            words = "" if work.status == "Running" else f"{work.status} ..."
            self._change_turns({number: {"text": words}})

    def _answer(
        self, work: Work[Answer], number: int, question: str, area: Any, chosen: dict[str, str], clock: Clock
    ) -> Answer:
        clock.start()
        history = [a for a in self.answers if a.program is not None or not a.abstained]
        try:
            plan = {"show": lambda text: self._change_turns({number: {"text": text}})} if self._shows_plan else {}
            answer = self.brain(self.cube, question, area=area, history=history, layers=self.layers, **chosen, **plan)
            work.checkpoint()
        except Cancelled:
            raise
        except EowidgetsError as error:
            answer = refuse(question, str(error))
        except Exception as error:  # noqa: BLE001  (nothing else shows an error of this thread)
            answer = refuse(
                question, f"The question failed with an internal error ({type(error).__name__}): please report it."
            )
            self._show_turn(number, answer, details=traceback.format_exc())
            return answer
        self._show_turn(number, answer)
        if not answer.abstained:  # a refusal reads no pixels
            clock.stop()
            self._price_soon()
        self._suggest()
        return answer

    def _show_turn(self, number: int, answer: Answer, details: str = "") -> None:
        masks = [{"name": name, "entries": _entries(mask)} for name, mask in answer.evidence.masks.items()]
        turn = {
            "question": answer.question[:500],
            "state": "refused" if answer.abstained else "done",
            "text": answer.text,
            "confidence": answer.confidence,
            "uncertain": answer.uncertain,
            "code": answer.code,
            "steps": [[s.tool, s.inputs[:200], s.output, f"{1000 * s.seconds:.0f} ms"] for s in answer.steps],
            "masks": masks,
            "dates": len(answer.evidence.dates),
            "lights": bool(masks or answer.evidence.points),
            "thumb": 0,
            "details": details,
        }
        self._answered[number] = answer
        self._change_turns({number: turn})

    def _change_turns(self, changes: Mapping[int, Mapping[str, Any]]) -> None:
        with self._lock:
            self.turns = [{**turn, **changes.get(i, {})} for i, turn in enumerate(self.turns)]

    def _suggest(self) -> None:
        """Test candidate questions in the background, and offer those that get an answer."""
        self.suggesting = Work("suggestions", self._try_questions, owner=self)
        LIGHT.put(self.suggesting)

    def _try_questions(self, work: Work[list[str]]) -> list[str]:
        date = str(getattr(self.viewer, "date", "") or "")
        try:
            found = suggestions(
                self.cube,
                self.answers,
                drawn=self.area is not None,
                date=date,
                layers=self.layers,
                tick=work.checkpoint,
            )
        except EowidgetsError:
            found = []  # a cube without possible questions
        self.suggestions = found
        return found

    def _took_area(self, change: Any) -> None:
        self.place = "Questions are about the drawn area." if change["new"] is not None else ""
        self._suggest()

    def _planned(self) -> Planned | None:
        """State what a question reads at most; what it asks is not known before."""
        return planned_question(self.who or "of its own", self.cube, self.area)

    def _show_price(self) -> None:
        planned = self._stated()
        self.price = None if planned is None else cost_of(planned)
        self.cost = "" if self.price is None else f"A question reads {self.price.brief}."

    def _say(self, sentence: str, *, bad: bool = False, details: str = "") -> None:
        if bad:
            self.error = sentence
        else:
            self.note = sentence

    # --- messages of the front end --------------------------------------------------------------------------------

    def _hear(self, _: Any, content: Any, __: Any) -> None:
        try:
            self._guard(lambda: self._do(content if isinstance(content, dict) else {}))
        except (KeyError, TypeError, ValueError):
            self._say("The message of the browser is not valid: reload the page.", bad=True)

    def _do(self, content: Mapping[str, Any]) -> None:
        """Do what a message of the front end requests."""
        kind = content.get("type")
        if kind == "ask" and isinstance(content.get("text"), str):
            self.ask(content["text"][:_LONGEST])
        elif kind == "cancel":
            self.cancel()
        elif kind == "light":
            self.light(int(content["turn"]) if content.get("on") else -1)
        elif kind == "thumb":
            self.grade(int(content["turn"]), bool(content["good"]))
        elif kind == "export":
            self.to_notebook()
        elif kind == "report":
            self.report()

    # --- evidence -------------------------------------------------------------------------------------------------

    def light(self, turn: int) -> None:
        """Show the evidence of a turn on viewer and map; -1 hides it.

        Parameters
        ----------
        turn : int
            Number of the turn in the dialogue, from 0 on; -1 hides the evidence.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.AskPanel(tiny_cube())
        >>> panel.light(-1)
        """
        if turn != -1 and turn not in self._answered:
            raise InputError(f"There is no answer number {turn}: there are {len(self.answers)}.")
        if turn == self.lit:
            return
        self._put_out()
        if turn == -1:
            self.lit = turn
            return
        evidence = self._answered[turn].evidence
        mask = next(iter(evidence.masks.values()), None)
        if mask is not None and self.viewer is not None:
            self.viewer.add_layer(mask.rename(EVIDENCE).to_dataset(), EVIDENCE, opacity=0.75)
        if mask is not None and self.map is not None:
            rgba, legend = result_picture(mask)
            self.map.show_image(rgba, geobox(self.cube), EVIDENCE, legend, 0.75)
        self._pin(evidence.points)
        self.lit = turn  # last, so that its observers run after the evidence is shown

    def _pin(self, points: tuple[tuple[float, float], ...]) -> None:
        shown = self.viewer if self.viewer is not None else self.map
        if points and shown is not None:
            self._pins = list(shown.pins)
            shown.pins = [*self._pins, *({"lon": lon, "lat": lat, "color": "#d55e00"} for lon, lat in points)]

    def _put_out(self) -> None:
        if self.viewer is not None and any(k["key"] == EVIDENCE for k in self.viewer.layers):
            self.viewer.remove_layer(EVIDENCE)
        if self.map is not None:
            self.map.drop_image(EVIDENCE)
        shown = self.viewer if self.viewer is not None else self.map
        if self._pins is not None and shown is not None:
            shown.pins, self._pins = self._pins, None

    def close(self) -> None:
        """Cancel all questions, and close the panel and the viewer that was made for it."""
        self._forget_price()
        super().close()

    # --- ratings and files ----------------------------------------------------------------------------------------

    def grade(self, turn: int, good: bool) -> None:
        """Write a rating of a turn to the feedback file, as one line of JSON.

        Parameters
        ----------
        turn : int
            Number of the turn in the dialogue, from 0 on.
        good : bool
            Whether the answer is right.

        Raises
        ------
        InputError, SourceError
            If there is no such turn, or the file cannot be written.
        """
        if turn not in self._answered:
            raise InputError(f"There is no answer number {turn}: there are {len(self.answers)}.")
        answer = self._answered[turn]
        line = {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "cube": str(self.cube.attrs.get("opened") or self.cube.attrs.get("title") or ""),
            "question": answer.question[:2000],
            "program": to_json(answer.program) if answer.program is not None else None,
            "text": answer.text,
            "value": answer.value,
            "unit": answer.unit,
            "confidence": answer.confidence,
            "abstained": answer.abstained,
            "good": good,
        }
        try:
            with self.feedback.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise SourceError(
                f"The rating could not be written to {shown(str(self.feedback))} ({error.strerror})."
            ) from error
        self._change_turns({turn: {"thumb": 1 if good else -1}})

    def _cells(self, source: str) -> Cells:
        found = [a for a in self.answers if not a.abstained]
        if not found:
            raise InputError("There is no answer to write yet: ask something first.")
        return [(f"{plain_markdown(a.question)}\n\n{plain_markdown(a.text)}", f"{a.code}\nanswer") for a in found]

    def _report(self) -> Report:
        if not self.answers:
            raise InputError("There is no answer to report yet: ask something first.")
        chosen = self._answered[self.lit] if self.lit in self._answered else self.answers[-1]
        return report(chosen, cube=self.cube)

    def _title(self) -> str:
        return plain_markdown(str(self.cube.attrs.get("title") or "Questions"))

    def _notebook_name(self) -> str:
        return "questions.ipynb"

    def __repr__(self) -> str:
        """Return the title of the cube and the number of answers."""
        title = str(self.cube.attrs.get("title") or "a cube")
        count = len(self.answers)
        said = f"{count} answer{'' if count == 1 else 's'}" if count else "no question yet"
        return f"AskPanel: {title}, {said}"


def plain_markdown(text: str) -> str:
    """Return text escaped for Markdown."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>&~$:])", r"\\\1", flat)


def _entries(mask: xr.DataArray) -> list[list[str]]:
    names = [n.replace("_", " ") for n in str(mask.attrs.get("flag_meanings", "")).split()]
    present = set(mask.values.ravel().tolist())
    flags = [int(v) for v in mask.attrs["flag_values"]]
    colors = str(mask.attrs.get("colors", "")).split()
    return [[n, c] for v, n, c in zip(flags, names, colors, strict=False) if v in present]

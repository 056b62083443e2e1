"""The outcome of a test of methods on one cube: their errors with intervals, and the method that was selected."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.model import Model
from eowidgets.contract.registry import get_model
from eowidgets.errors import unknown

if TYPE_CHECKING:
    import pandas as pd

#: A simpler method is selected if its error is greater than the least one by at most this share.
TIE = 0.01
#: Resamples of the draws behind each interval, and what the interval covers.
RESAMPLES, COVERS = 500, 0.9


@dataclass(frozen=True, slots=True)
class Score:
    """The error of one method.

    Attributes
    ----------
    method : str
        Name of a model.
    error, low, high : float
        In the unit of the :class:`Choice`, with the ends of its 90 % interval over draws; NaN where not scored.
    note : str
        Why it was not scored, or another remark.
    """

    method: str
    error: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    note: str = ""


@dataclass(frozen=True)
class Choice:
    """Methods scored on the same seeded draws of one cube, best first.

    Attributes
    ----------
    task : str
        ``"fill"``, ``"forecast"`` or ``"change"``.
    metric : str
        Kind of error, such as ``"RMSE"``; smaller is better.
    unit : str
    scores : tuple of Score
        Best first; methods that were not scored come last.
    winner : str
        The selected method.
    params : mapping
        Parameters of the winner that the test determined, such as the weights of a blend.
    model_name : str
        The registered model of the winner, where that is not its name.
    draws, values : int
        Draws, and values that were compared in all of them.
    seed : int
    protocol : str
        What was hidden, injected or forecast, in one sentence.
    """

    task: str
    metric: str
    unit: str
    scores: tuple[Score, ...]
    winner: str
    draws: int
    values: int
    seed: int
    protocol: str
    params: Mapping[str, Any] = field(default_factory=dict)
    model_name: str = ""

    def __getitem__(self, method: str) -> Score:
        """Return the score of a method."""
        for score in self.scores:
            if score.method == method:
                return score
        raise unknown("method", method, [s.method for s in self.scores])

    def has(self, method: str) -> bool:
        """Return whether a method is in the table."""
        return any(score.method == method for score in self.scores)

    @property
    def model(self) -> Model:
        """The selected model, with the parameters that the test gave it; its results record this table."""
        found = get_model(self.model_name or self.winner, **self.params)
        found.choice = json.loads(self.to_json())
        return found

    @property
    def sentence(self) -> str:
        """The winner and the others in one line: ``harmonic, RMSE 0.110; linear 0.131``."""
        first = self[self.winner]
        rest = [s for s in self.scores if s.method != self.winner and np.isfinite(s.error)]
        parts = [f"{short(first.method)}, {self.metric} {digits(first.error)}{self.unit and ' ' + self.unit}"]
        return "; ".join(parts + [f"{short(s.method)} {digits(s.error)}" for s in rest])

    def reason(self, method: str) -> str:
        """Return how a method compares with the winner; shown if a user selects it although another method won."""
        score, best = self[method], self[self.winner]
        if method == self.winner:
            return f"{short(method)} was selected by the test on this cube: {self.metric} {digits(best.error)}."
        if not np.isfinite(score.error):
            return f"{short(method)} was not tested on this cube: {score.note or 'it does not apply'}."
        return (
            f"On this cube {short(method)} has {self.metric} {digits(score.error)}, "
            f"{short(self.winner)} {digits(best.error)}: {short(self.winner)} is the default."
        )

    def table(self) -> pd.DataFrame:
        """Return a row per method: error, ends of its interval, whether it is selected, and a note."""
        import pandas as pd

        rows = [{**dataclasses.asdict(s), "selected": s.method == self.winner} for s in self.scores]
        columns = {"error": self.metric}
        frame = pd.DataFrame(rows).rename(columns=columns).set_index("method")
        return frame[[self.metric, "low", "high", "selected", "note"]]

    def __repr__(self) -> str:
        """Return the sentence and the protocol."""
        return f"<Choice for {self.task}: {self.sentence}>"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{h}</th>" for h in ("method", self.metric, "90 % interval", "note"))
        rows = []
        for s in self.scores:
            cells = (
                [short(s.method), digits(s.error), f"{digits(s.low)} to {digits(s.high)}", s.note]
                if np.isfinite(s.error)
                else [short(s.method), "", "", s.note]
            )
            style = ' style="font-weight:600"' if s.method == self.winner else ""
            rows.append(f"<tr{style}>" + "".join(f"<td>{escape(c)}</td>" for c in cells) + "</tr>")
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table><p>{escape(self.protocol)}</p>"
        )

    def to_json(self) -> str:
        """Return the whole table as JSON text, for the record of a result."""
        values = dataclasses.asdict(self)
        for score in values["scores"]:  # JSON has no NaN
            score.update({k: None for k in ("error", "low", "high") if not np.isfinite(score[k])})
        return json.dumps(values, default=_plain, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Choice:
        """Read what :meth:`to_json` wrote."""
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Choice:
        """Read the plain values of :meth:`to_json`."""
        scores = tuple(Score(**{**s, **{k: _number(s[k]) for k in ("error", "low", "high")}}) for s in values["scores"])
        return cls(**{**values, "scores": scores})


def select(error: npt.NDArray[np.floating[Any]], simplest_first: Sequence[str]) -> str:
    """Select the method with the least error; of methods within :data:`TIE` of it, the simplest.

    Parameters
    ----------
    error : array, shape (method,)
        NaN for a method that was not scored.
    simplest_first : sequence of str
        Names along ``error``, from simple to complex.
    """
    least = np.nanmin(error)
    return next(name for name, e in zip(simplest_first, error, strict=True) if e <= least * (1 + TIE))


def scored(
    squares: npt.NDArray[np.floating[Any]],
    counts: npt.NDArray[np.floating[Any]],
    names: Sequence[str],
    seed: int,
    *,
    root: bool = True,
) -> tuple[Score, ...]:
    """Pool the losses of draws to one error per method with an interval, best first.

    Parameters
    ----------
    squares : array, shape (draw, method)
        Sum of the losses of each draw: squared errors, or absolute ones with ``root=False``.
    counts : array, shape (draw,)
        Number of values in each sum.
    names : sequence of str
        Of the methods.
    seed : int
        Of the resampling of draws.
    root : bool
        Take the root of the mean.
    """

    def pooled(which: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        mean = squares[which].sum(axis=-2) / counts[which].sum(axis=-1)[..., None]
        return np.asarray(np.sqrt(mean) if root else mean, dtype="float64")

    draws = len(squares)
    error = pooled(np.arange(draws))
    again = pooled(np.random.default_rng(seed).integers(draws, size=(RESAMPLES, draws)))
    low, high = np.quantile(again, [(1 - COVERS) / 2, (1 + COVERS) / 2], axis=0)
    found = [Score(n, float(e), float(a), float(b)) for n, e, a, b in zip(names, error, low, high, strict=True)]
    return tuple(sorted(found, key=lambda s: (not np.isfinite(s.error), s.error)))


def short(method: str) -> str:
    """Return the short form of a name: ``fill-linear`` is ``linear``, ``forecast-theta`` ``theta``."""
    for prefix in ("fill-", "forecast-"):
        method = method.removeprefix(prefix)
    return {"units-reconstruct": "UniTS"}.get(method, method)


def digits(value: float) -> str:
    """Return a number with three significant digits and no exponent where it can be avoided."""
    if not np.isfinite(value):
        return ""
    places = max(0, 2 - int(np.floor(np.log10(abs(value))))) if value else 1
    return f"{value:.{min(places, 8)}f}"


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else dict(value) if isinstance(value, Mapping) else str(value)

"""Select a forecaster by its errors on hold-out windows, and state the errors of the selection itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import nnls

from eowidgets.analysis.forecast.holdout import Holdout
from eowidgets.analysis.forecast.origins import effective
from eowidgets.analysis.forecast.season import Season
from eowidgets.contract.card import Card
from eowidgets.contract.choice import Choice, Score, scored, select
from eowidgets.models.forecast.base import PREFIX

Array = npt.NDArray[np.float64]

#: Forecasters that are tried, the simplest first; the average of them comes last.
CANDIDATES = ("climatology", "persistence", "harmonic", "ses", "theta", "holt")
#: Those that make sense without a season, where climatology is the mean of the record.
SEASONLESS = ("climatology", "persistence", "ses", "theta", "holt")
AUTO, AVERAGE = "auto", "average"
#: Number of windows that the pull of the weights towards equal weights counts as.
PULL = 5.0
#: The average is used if its error exceeds that of no method by more than this share, and is less than that of
#: climatology by at least this share.
MARGIN, GAIN = 0.002, 0.005


#: Card that a panel shows for "auto" in place of the card of a model.
CARD = Card(
    title="Automatic",
    summary="The best of simple forecasters and their weighted average, by a test on earlier days of this record.",
    paper="Bates and Granger (1969), Operational Research Quarterly 20(4): the combination of forecasts.",
    url="https://doi.org/10.1057/jors.1969.103",
    limits="Selects among methods without a network; a short record gives a short test.",
    licence="Apache-2.0",
)


@dataclass(frozen=True)
class Decision:
    """A selected forecaster.

    Attributes
    ----------
    choice : Choice
        All methods and their errors.
    weights : dict of str to float
        Weights of the candidates in the selected forecast; they sum to one.
    holdout : Holdout
        Errors of the selection: in each window, those of the forecast that the other windows select.
    """

    choice: Choice
    weights: Mapping[str, float]
    holdout: Holdout


def candidates(season: Season) -> tuple[str, ...]:
    """Return the short names of the forecasters that are tried."""
    return CANDIDATES if season.length is not None else SEASONLESS


def decide(
    held: Holdout,
    names: Sequence[str],
    seed: int,
    unit: str,
    protocol: str,
    size: float = 1.0,
    *,
    same_season: bool = True,
) -> Decision:
    """Select a forecaster by the hold-out errors of all candidates.

    Parameters
    ----------
    held : Holdout
        Errors of every candidate.
    names : sequence of str
        Names of the candidates, the simplest first.
    seed : int
        Seed of the resampling of windows.
    unit, protocol : str
        See :class:`~eowidgets.contract.choice.Choice`.
    size : float
        Factor that converts errors to this unit.
    same_season : bool
        Whether a hold-out window has a season of record before it. Otherwise all windows lie in other parts of the
        season than the forecast, and climatology is used whatever their errors are.
    """
    products, counts = _products(held, names)
    trial = Trial(products, counts, names, held, same_season)
    windows = np.flatnonzero(counts).tolist()
    chosen, squares = trial.selected(windows), trial.squares(windows)
    own = {w: trial.selected(trial.apart(windows, w)) for w in windows}
    all_names = [*names, AVERAGE]
    full = [PREFIX + n for n in all_names]
    if len(windows):
        scores = scored(squares * size**2, counts[windows], full, seed)
    else:
        scores = tuple(Score(n, note="The record has no hold-out window.") for n in full)
    winner = _name(chosen, names)
    params: dict[str, Any] = {}
    if winner == AVERAGE:
        kept = [i for i, w in enumerate(chosen) if w > 0]
        params = {"members": tuple(names[i] for i in kept), "weights": tuple(round(float(chosen[i]), 4) for i in kept)}
    choice = Choice(
        "forecast", "RMSE", unit, scores, PREFIX + winner, len(windows), int(counts.sum()), seed, protocol, params
    )
    weights = dict(zip(names, map(float, chosen), strict=True))
    return Decision(choice, weights, _selected(held, winner, names, own))


def _products(held: Holdout, names: Sequence[str]) -> tuple[Array, Array]:
    """Return sums of products of the errors of two methods, (window, method, method), and the number of values in each.

    With several channels, errors are divided by the root mean square error of climatology in each.
    """
    total = np.zeros((len(held.origins), len(names), len(names)))
    counts = np.zeros(len(held.origins))
    for errors in held.channels:
        if not len(errors):
            continue
        every = torch.stack([errors.error[n] for n in names], 1).double()
        if len(held.channels) > 1:
            every = every / errors.error["climatology"].double().square().mean().sqrt().clamp_min(1e-12)
        for window in torch.unique(errors.window).tolist():
            some = every[errors.window == window]
            total[window] += (some.T @ some).numpy()
            counts[window] += len(some)
    return total, counts


@dataclass(frozen=True)
class Trial:
    """Sums of products of errors, from which methods and averages are scored on any of the windows.

    Attributes
    ----------
    products : array, shape (window, method, method)
    counts : array, shape (window,)
    names : sequence of str
        Names of the methods, the simplest first.
    held : Holdout
    same_season : bool
        See :func:`decide`.
    """

    products: Array
    counts: Array
    names: Sequence[str]
    held: Holdout
    same_season: bool = True

    def apart(self, windows: Sequence[int], window: int) -> list[int]:
        """Return the windows that share no day with one."""
        overlap = self.held.overlap
        return [w for w in windows if not overlap[window, w]]

    def squares(self, windows: Sequence[int]) -> Array:
        """Return sums of squared errors of the methods and of their average, (window, method + 1).

        The weights of the average are fitted on the windows that share no day with the one that is scored.
        """
        found = np.empty((len(windows), len(self.names) + 1))
        for row, window in zip(found, windows, strict=True):
            weights = self.stacked(self.apart(windows, window))
            row[:] = [*np.diag(self.products[window]), weights @ self.products[window] @ weights]
        return found

    def selected(self, windows: Sequence[int]) -> Array:
        """Return the weights of the forecast with the smallest error; of nearly equal ones, the simplest."""
        usual = list(self.names).index("climatology")
        if not self.same_season:
            return self._only(usual)
        stacked = self.stacked(windows)
        if not any(self.apart(windows, w) for w in windows):
            return stacked
        error = np.sqrt(self.squares(windows).sum(0) / self.counts[list(windows)].sum())
        if error[-1] <= min(np.nanmin(error[:-1]) * (1 + MARGIN), error[usual] * (1 - GAIN)):
            return stacked
        return self._only(list(self.names).index(select(error[:-1], self.names)))

    def _only(self, method: int) -> Array:
        weights = np.zeros(len(self.names))
        weights[method] = 1.0
        return weights

    def stacked(self, windows: Sequence[int]) -> Array:
        """Return weights of the least squared error, not negative and with the sum one, pulled towards equal ones."""
        names, which = self.names, list(windows)
        equal = np.array([n != "persistence" for n in names], dtype="float64")
        equal /= equal.sum()
        if not which:
            return equal
        many = effective([self.held.origins[i] for i in which], self.held.horizon, self.held.cut)
        matrix = self.products[which].sum(0) / self.counts[which].sum()
        ridge = float(np.diag(matrix).min()) * PULL / (many * len(names))
        values, vectors = np.linalg.eigh(matrix)
        root = np.sqrt(values.clip(0))[:, None] * vectors.T
        heavy = 1e3 * np.sqrt(np.trace(matrix)) + 1e-12
        rows = np.vstack([root, np.sqrt(ridge) * np.eye(len(names)), np.full((1, len(names)), heavy)])
        found = nnls(rows, np.concatenate([np.zeros(len(names)), np.sqrt(ridge) * equal, [heavy]]))[0]
        return np.asarray(found / found.sum(), dtype="float64")


def _name(weights: Array, names: Sequence[str]) -> str:
    only = np.flatnonzero(weights > 1 - 1e-9)
    return names[int(only[0])] if len(only) else AVERAGE


def _selected(held: Holdout, winner: str, names: Sequence[str], own: Mapping[int, Array]) -> Holdout:
    """Return the hold-out of the selection: in each window the errors of what the other windows select."""
    channels = []
    for errors in held.channels:
        every = torch.stack([errors.error[n] for n in names], -1).double()
        table = torch.zeros(len(held.origins), len(names), dtype=torch.float64)
        for window, weights in own.items():
            table[window] = torch.from_numpy(weights)
        mixed = (every * table[errors.window]).sum(-1) if len(errors) else every.sum(-1)
        channels.append(errors.replaced({**errors.error, winner: mixed.to(errors.scale.dtype)}))
    return held.replaced(winner, channels)

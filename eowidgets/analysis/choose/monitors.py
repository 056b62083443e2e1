"""Score the break monitors on one cube, with breaks of known date and size added to its own stable pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr

from eowidgets.analysis.change.methods import DEFAULTS, methods
from eowidgets.analysis.choose.breaks import Breaks, draw_breaks
from eowidgets.contract.choice import Choice, scored, select
from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import get_model
from eowidgets.cube import schema
from eowidgets.cube.admission import admit
from eowidgets.errors import InputError
from eowidgets.models.classical.series import DAYS_PER_YEAR
from eowidgets.models.monitors.base import INDICES, Monitor
from eowidgets.models.monitors.iqr import BreakIQR

#: From simple to complex: of equally good methods, the first is selected.
SIMPLEST_FIRST = ("break-iqr", "break-cusum", "break-bfast", "break-ewma", "break-ccdc", "break-sccd", "break-ensemble")
#: Minimum number of stable pixels for a test.
FEWEST = 10
#: Series of a draw.
SERIES = 150
#: A break counts as found if it is confirmed within this many days, and dated at most that many days early.
WITHIN, EARLY = 366.0, 92.0


@dataclass(frozen=True, slots=True)
class MonitorScores:
    """Scores of every monitor on the same draws.

    Attributes
    ----------
    methods : tuple of str
    detection, false_alarms : ndarray, shape (draw, method)
        Share of the injected breaks that are confirmed within a year, and of the stable series that are marked.
    error : ndarray, shape (draw, method)
        Balanced error: half of the share of missed breaks plus half of the share of false alarms.
    days : ndarray, shape (draw, method)
        Median error of the date of the detected breaks, NaN if none was detected.
    counts : ndarray, shape (draw,)
        Series of each draw.
    stable : float
        Share of the cube's pixels that are stable.
    sizes : (float, ...)
        Sizes of the injected breaks, in the units of the index.
    seed : int
    """

    methods: tuple[str, ...]
    detection: npt.NDArray[np.float64]
    false_alarms: npt.NDArray[np.float64]
    error: npt.NDArray[np.float64]
    days: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]
    stable: float
    sizes: tuple[float, ...]
    seed: int

    @property
    def losses(self) -> npt.NDArray[np.float64]:
        """Sum of the balanced errors of each draw, shape (draw, method): error times counts."""
        return self.error * self.counts[:, None]

    @property
    def protocol(self) -> str:
        """The protocol of the test in one sentence."""
        sizes = ", ".join(f"{s:g}" for s in self.sizes)
        return (
            f"In {len(self.counts)} draws, breaks of {sizes} were added to half of {int(self.counts.sum())} stable pixels of "
            f"this cube ({self.stable:.0%} of it), and each monitor was run on the same draws (seed {self.seed})."
        )


def score_monitors(
    cube: xr.Dataset,
    names: Sequence[str] | None = None,
    *,
    index: str = "NDVI",
    history: float = 2.0,
    sizes: tuple[float, ...] = (0.1, 0.2, 0.3),
    draws: int = 5,
    series: int = SERIES,
    seed: int = 0,
) -> MonitorScores:
    """Add breaks to stable pixels of a cube and score every monitor on them.

    Stable pixels are those of the monitors' own reference. Each draw takes some of them, adds a break (abrupt or over
    half a year, lasting or not) to half of these, and runs every monitor as ``eow.change`` would.

    Parameters
    ----------
    cube : Dataset (time, y, x)
    names : sequence of str, optional
        Monitors; all of :data:`SIMPLEST_FIRST` if not given.
    index : str
        The index that breaks are added to and that is monitored: a key of ``INDICES``.
    history : float
        Years before the first break.
    sizes : tuple of float
        In the units of the index; losses where the index is high, gains where it is low, both in between.
    draws : int
    series : int
        Maximum number of series in a draw.
    seed : int

    Returns
    -------
    MonitorScores

    Raises
    ------
    InputError
        Where the cube is too short, or too few of its pixels are stable.

    Examples
    --------
    >>> import eowidgets as eow
    >>> scores = score_monitors(eow.open("romania", clouds="robust"), draws=2)  # doctest: +SKIP
    """
    cube = admit(cube)
    chosen = tuple(SIMPLEST_FIRST if names is None else names)
    _check(chosen, index)
    probe = BreakIQR(index=index, reference="area", history=history)
    probe.adapt(schema.bands(cube))
    probe.remember(cube)
    pool = _stable_series(cube, probe)
    first = float(pool.days[0]) + (history + 0.25) * DAYS_PER_YEAR
    last = float(pool.days[-1]) - 0.75 * DAYS_PER_YEAR
    if first >= last:
        raise InputError(
            f"The series is too short to test monitors: after a history of {history:g} years at least one more year is "
            "needed; choose a shorter history or a longer series."
        )
    size = min(series, len(pool.values))
    found = [
        _draw(pool, chosen, index, history, size, first, last, sizes, np.random.default_rng([seed, draw]))
        for draw in range(draws)
    ]
    table = np.array(found)  # draw, method, measure
    return MonitorScores(
        chosen,
        table[..., 0],
        table[..., 1],
        (1 - table[..., 0] + table[..., 1]) / 2,
        table[..., 2],
        np.full(draws, float(size)),
        pool.share,
        tuple(sizes),
        seed,
    )


def choose_monitor(cube: xr.Dataset, *, seed: int = 0, **options: Any) -> Choice:
    """Test the break monitors on a cube and select the best.

    Parameters
    ----------
    cube : Dataset (time, y, x)
    seed : int
        Seed of the draws.
    **options
        Options of :func:`score_monitors`.

    Returns
    -------
    Choice
        With balanced errors: half of the share of missed breaks plus half of the share of false alarms.

    Raises
    ------
    InputError
        Where the cube is too short, or too few of its pixels are stable.
    """
    found = score_monitors(cube, seed=seed, **options)
    scores = scored(found.losses, found.counts, found.methods, seed, root=False)
    missed, false = 1 - found.detection.mean(axis=0), found.false_alarms.mean(axis=0)
    notes = {
        name: f"misses {m:.0%} of the breaks, marks {f:.1%} of the stable series"
        for name, m, f in zip(found.methods, missed, false, strict=True)
    }
    mean = found.losses.sum(axis=0) / found.counts.sum()
    return Choice(
        task="change",
        metric="balanced error",
        unit="",
        scores=tuple(replace(s, note=notes[s.method]) for s in scores),
        winner=select(mean, found.methods),
        draws=len(found.counts),
        values=int(found.counts.sum()),
        seed=seed,
        protocol=found.protocol,
    )


@dataclass(frozen=True, slots=True)
class _Pool:
    """Stable series of a cube: the index (n, t), usable (n, t), and days (t,)."""

    values: npt.NDArray[np.float64]
    usable: npt.NDArray[np.bool_]
    days: npt.NDArray[np.float64]
    share: float


def _check(names: tuple[str, ...], index: str) -> None:
    known = {k for k, kind in methods().items() if kind == "series"}
    for name in names:
        if name not in known:
            raise InputError(f"{name[:40]!r} is not a monitor of series: choose among {', '.join(sorted(known))}.")
    if index not in INDICES:
        raise InputError(f"{index[:40]!r} is not an index of the monitors: choose among {', '.join(INDICES)}.")


def _stable_series(cube: xr.Dataset, probe: Monitor) -> _Pool:
    series, usable, days = probe.surveyed(cube)
    reference = probe.reference or probe.judged(cube)
    stable = (reference.stable & reference.judged).numpy()
    if stable.sum() < FEWEST:
        raise InputError(
            f"{stable.sum()} of {len(stable)} sampled pixels are stable, too few to test monitors on: choose a larger area."
        )
    return _Pool(series.numpy()[stable, :, 0].astype("float64"), usable.numpy()[stable], days, reference.share)


def _draw(
    pool: _Pool,
    names: tuple[str, ...],
    index: str,
    history: float,
    size: int,
    first: float,
    last: float,
    sizes: tuple[float, ...],
    rng: np.random.Generator,
) -> list[tuple[float, float, float]]:
    rows = rng.choice(len(pool.values), size, replace=False)
    values, usable = pool.values[rows], pool.usable[rows]
    level = np.where(usable, values, 0).sum(axis=1) / np.maximum(usable.sum(axis=1), 1)
    down = np.where(level > 0.55, 1.0, np.where(level < 0.25, 0.0, 0.5))
    drawn = draw_breaks(size, first, last, rng, sizes=sizes, down=down)
    broken = np.arange(size) < size // 2
    breaks = Breaks(drawn.day, np.where(broken, drawn.size, 0.0), drawn.takes, drawn.recovers)
    v = torch.as_tensor(np.clip(values + breaks.course(pool.days), -0.99, 0.99), dtype=torch.float32)
    seen, days = torch.as_tensor(usable), torch.as_tensor(pool.days)
    plus, minus = INDICES[index]
    x = torch.stack([(1 + v) / 4, (1 - v) / 4], dim=-1) * seen.unsqueeze(-1)
    batch = Batch(x, seen, seen, x, days, days, (plus, minus), torch.zeros(size, 2), 10.0)
    out = []
    for name in names:
        given: dict[str, Any] = {**DEFAULTS.get(name, {}), "history": history}
        given |= {"watch": index} if name in ("break-ccdc", "break-sccd") else {"index": index}
        with torch.inference_mode():
            found = get_model(name, **given).predict(batch)
        marked = found["change"][:, 1].numpy() > 0.5
        date, confirmed = found["break_date"].numpy(), found["confirmed_date"].numpy()
        hit = marked & broken & (confirmed - breaks.day <= WITHIN) & (date - breaks.day >= -EARLY)
        days_off = float(np.median(np.abs(date - breaks.day)[hit])) if hit.any() else float("nan")
        out.append((float(hit[broken].mean()), float(marked[~broken].mean()), days_off))
    return out

"""Test gap fillers on a cube: hide clear values, predict them with every filler, and compare the errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.choice import Choice, Score, digits, scored, select
from eowidgets.contract.feeds import Batch
from eowidgets.contract.model import Model
from eowidgets.contract.prepare import check_inputs, resolution_of
from eowidgets.contract.registry import get_model
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import bounds
from eowidgets.cube.quantity import quantity
from eowidgets.cube.schema import DIMS, MASKS, bands, usable
from eowidgets.cube.schema import stack as stacked
from eowidgets.errors import EowidgetsError, InputError
from eowidgets.models.classical.regression import FillRegression
from eowidgets.models.classical.series import MAD_TO_SD, SMALLEST_SCALE
from eowidgets.models.classical.spikes import spikes
from eowidgets.models.filling.blend import PLAIN, VISIBLE, basis, filled, lead, member
from eowidgets.models.filling.hide import hide
from eowidgets.models.filling.stack import Array, stack

#: Tested fillers, from simple to complex; their blend and the networks follow.
MEMBERS = ("fill-linear", "fill-harmonic", "fill-regression", PLAIN)
BLEND, NETWORKS = "fill-blend", ("units-reconstruct",)
#: Side of the windows in which values are hidden, windows per draw, and number of draws.
SIDE, WINDOWS, DRAWS = 32, 2, 6
#: Maximum number of hidden dates of each kind in a draw; dates that a network gets, and draws that it is tested on.
DATES, NETWORK_DATES, NETWORK_DRAWS = 8, 24, 3
#: A network is used only if it reduces the error by more than this share, and in most draws.
CLEARLY = 0.03
#: Number of compared values of one draw.
VALUES = 20_000
#: Leads for which a blend has weights: these quantiles of the leads of hidden values.
LEADS = (0.1, 0.5, 0.9)
#: Caps of errors that all fillers share, and of those of a single filler, as multiples of the median least error.
SHARED, LARGEST = 8.0, 30.0
#: Minimum number of dates with a fifth of a window visible.
FEWEST = 3


@dataclass(frozen=True)
class Trial:
    """One draw of windows.

    Attributes
    ----------
    batch : Batch
        Input of the fillers.
    asked : Tensor, shape (b, t, h, w), bool
        Hidden values that are compared.
    truth : Tensor, shape (b, t, c, h, w)
    """

    batch: Batch
    asked: Tensor
    truth: Tensor

    def cropped(self, multiple: int) -> Trial:
        """Crop rows and columns to a multiple of a number."""
        rows, columns = (n // multiple * multiple for n in self.asked.shape[-2:])
        fields = {f: getattr(self.batch, f)[..., :rows, :columns] for f in ("x", "usable", "measured", "raw")}
        batch = replace(self.batch, **fields)
        return Trial(batch, self.asked[..., :rows, :columns], self.truth[..., :rows, :columns])

    def on(self, dates: slice) -> Trial:
        """Return a subset of the dates."""
        fields = {f: getattr(self.batch, f)[:, dates] for f in ("x", "usable", "measured", "raw")}
        days = self.batch.days[dates]
        return Trial(
            replace(self.batch, **fields, days=days, out_days=days), self.asked[:, dates], self.truth[:, dates]
        )


@dataclass(frozen=True)
class Joined:
    """A blend with a network: its score and its parameters."""

    score: Score
    params: dict[str, Any]


def choose_fill(cube: xr.Dataset, *, seed: int = 0, networks: bool = True) -> Choice:
    """Test gap fillers on a cube and select the best.

    Parameters
    ----------
    cube : Dataset
    seed : int
        Seed of the draws.
    networks : bool
        Whether to also test networks, on a part of the draws.

    Returns
    -------
    Choice

    Raises
    ------
    InputError
        For a cube without bands, or with fewer than three sufficiently visible dates.
    """
    cube = admit(cube)
    names = bands(cube)
    if not names:
        raise InputError("The cube has no band over (time, y, x): add a band to fill.")
    members = [member(name) for name in MEMBERS]
    for model in members:
        check_inputs(model, cube)
    trials = list(draw(cube, names, np.random.default_rng(seed)))
    if not trials:
        raise InputError(
            f"Fewer than {FEWEST} dates of this cube show a fifth of a window: name a model, such as 'fill-linear'."
        )
    scale, unit = scales(cube, names, trials)
    leads = knots(trials)
    groups = len(VISIBLE) * len(leads)
    products, counts = (np.array(v) for v in zip(*(errors(t, members, leads, scale) for t in trials), strict=True))
    alone = np.einsum("dgmhm->dm", products.reshape(len(trials), groups, len(members), groups, len(members)))
    dates = sum(int(t.asked.any(dim=0).flatten(1).any(dim=1).sum()) for t in trials)
    weights = stack(products.sum(0), groups, dates)
    order = [*MEMBERS, BLEND]
    losses = np.column_stack([alone, left_out(products, groups, dates)])
    scores = scored(losses, counts, order, seed)
    winner = select(np.sqrt(losses.sum(0) / counts.sum()), order)
    params: dict[str, dict[str, Any]] = {
        BLEND: {"members": MEMBERS, "leads": leads, "weights": tuple(weights.round(4).ravel().tolist())}
    }
    for name in NETWORKS if networks else ():
        level = next(s.error for s in scores if s.method == winner)
        score, found = against(name, cube, names, trials, leads, scale, members, weights, winner, level)
        scores = (*scores, score)
        if found is not None:
            winner, params[BLEND], together = BLEND, found.params, found.score
            scores = tuple(together if s.method == BLEND else s for s in scores)
    params[PLAIN] = {"robust": False}
    return Choice(
        task="fill",
        metric="RMSE",
        unit=unit,
        scores=tuple(sorted(scores, key=lambda s: (not np.isfinite(s.error), s.error))),
        winner=winner,
        model_name="fill-regression" if winner == PLAIN else winner,
        params=params.get(winner, {}),
        draws=len(trials),
        values=int(counts.sum()),
        seed=seed,
        protocol=f"{counts.sum():,} clear values of {len(trials)} draws were hidden, on whole dates and under the cube's own "
        f"cloud shapes, in windows of at most {SIDE} x {SIDE} pixels; very large errors are capped; 90 % intervals over draws.",
    )


def draw(cube: xr.Dataset, names: tuple[str, ...], rng: np.random.Generator) -> Iterator[Trial]:
    """Yield windows of the cube with hidden values."""
    places = windows(cube, rng)
    blocks: dict[tuple[int, int], tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]] = {}
    days = torch.from_numpy((cube["time"].values - np.datetime64("1970-01-01", "ns")) / np.timedelta64(1, "D"))
    west, south, east, north = bounds(cube)
    # Each date is hidden in one draw only, so that a draw is predicted with weights from other dates.
    folds = np.array_split(rng.permutation(cube.sizes["time"]), min(DRAWS, cube.sizes["time"]))
    for number, fold in enumerate(folds):
        parts = []
        for i in range(min(WINDOWS, len(places))):
            place = places[(number * WINDOWS + i) % len(places)]
            if place not in blocks:
                blocks[place] = read(cube, names, *place)
            values, seen = blocks[place]
            if (seen.mean(axis=(1, 2)) > 0.2).sum() < FEWEST:
                continue
            hidden = hide(seen, np.sort(fold), rng, DATES, number + i).mask
            parts.append((values, seen & ~hidden, hidden))
        if not parts:
            continue
        x, left, asked = (torch.from_numpy(np.stack(v)) for v in zip(*parts, strict=True))
        batch = Batch(
            x=x * left[:, :, None],
            usable=left,
            measured=left,
            raw=x * left[:, :, None],
            days=days,
            out_days=days,
            bands=names,
            lonlat=torch.tensor([[(west + east) / 2, (south + north) / 2]]).float().expand(len(x), -1),
            resolution=resolution_of(cube) or float("nan"),
            seed=0,
        )
        # Undetected clouds are not a valid reference, and pixels without any remaining observation cannot be filled.
        asked = asked & ~spikes(x, left | asked, days) & left.any(dim=1, keepdim=True)
        if bool(asked.any()):
            yield Trial(batch, asked, x)


def windows(cube: xr.Dataset, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return first rows and columns of windows spread over the cube, in random order."""
    starts = []
    for size in (cube.sizes["y"], cube.sizes["x"]):
        count = min(8, max(1, size // SIDE))
        starts.append([round(i * max(0, size - SIDE) / max(1, count - 1)) for i in range(count)])
    places = [(row, column) for row in starts[0] for column in starts[1]]
    return [places[i] for i in rng.permutation(len(places))[: WINDOWS * DRAWS]]


def read(
    cube: xr.Dataset, names: tuple[str, ...], row: int, column: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return values (t, c, y, x) of one window, 0 where not clear, and the mask of clear pixels (t, y, x)."""
    cut = {"y": slice(row, row + SIDE), "x": slice(column, column + SIDE)}
    part = cube[[*names, *(m for m in MASKS if m in cube)]].isel(cut).load()
    values = stacked(part, names).values
    seen = usable(part).transpose(*DIMS).values & np.isfinite(values).all(axis=1)
    return np.where(seen[:, None], values, np.float32(0)), seen


def scales(cube: xr.Dataset, names: tuple[str, ...], trials: list[Trial]) -> tuple[Tensor, str]:
    """Return the divisors of the errors of each band, and the unit of the errors.

    Bands of one quantity are compared unscaled; others are divided by the standard deviation of their clear values. Radar
    next to optical bands has weight 0, because clouds do not hide it.
    """
    kinds = [quantity(cube[name]).key for name in names]
    if len(set(kinds)) == 1:
        unit = str(cube[names[0]].attrs.get("units", ""))
        return torch.ones(len(names)), "" if unit == "1" else unit
    spread = torch.stack([t.truth.movedim(2, -1)[t.asked].std(dim=0) for t in trials]).mean(dim=0).clamp_min(1e-9)
    if "reflectance" in kinds:
        away = torch.tensor([k != "reflectance" for k in kinds])
        return torch.where(away, torch.inf, 1.0), ""
    return spread, "standard deviations"


def knots(trials: list[Trial]) -> tuple[float, ...]:
    """Return the leads for which the blend has weights, in days."""
    found = torch.cat([lead(t.batch.usable, t.batch.days, t.truth)[t.asked] for t in trials]).double()
    quantiles = torch.quantile(found[:: max(1, len(found) // 100_000)], torch.tensor(LEADS, dtype=torch.float64))
    return tuple(sorted({round(float(q), 1) for q in quantiles}))


def errors(trial: Trial, members: list[Model], leads: tuple[float, ...], scale: Tensor) -> tuple[Array, int]:
    """Return the sums of products of the errors of all members in all groups, and the number of values."""
    batch, asked = trial.batch, trial.asked
    dates = asked.any(dim=0).flatten(1).any(dim=1).nonzero().flatten().tolist()
    found = []
    for model in members:
        if isinstance(model, FillRegression):
            model.only = dates
        with torch.inference_mode():
            found.append((filled(model, batch) - trial.truth).movedim(2, -1)[asked] / scale)  # n c
    apart = torch.stack(found, dim=-1).double()  # n c m
    shares = basis(batch.usable, batch.days, leads, trial.truth).movedim(2, -1)[asked].double()  # n g
    step = max(1, apart.shape[0] * apart.shape[1] // VALUES)
    apart, shares = apart[step // 2 :: step], shares[step // 2 :: step]
    apart = capped(apart)
    features = torch.einsum("ng,ncm->ncgm", shares, apart).flatten(2).flatten(0, 1)
    kept = int((scale.isfinite()).sum()) * len(apart)
    return (features.T @ features).numpy(), kept


def capped(apart: Tensor) -> Tensor:
    """Cap errors, so that a few values next to undetected clouds do not dominate.

    Parameters
    ----------
    apart : Tensor, shape (n, c, m)
        Errors of all members.
    """
    least = apart.abs().amin(dim=-1)
    usual = MAD_TO_SD * least.median(dim=0).values.clamp_min(SMALLEST_SCALE)  # c
    # Errors that all members share point to an invalid reference.
    shared = (SHARED * usual / least.clamp_min(1e-12)).clamp(max=1.0).nan_to_num(1.0).unsqueeze(-1)
    most = (LARGEST * usual).unsqueeze(-1)
    return torch.maximum(torch.minimum(apart * shared, most), -most)


def left_out(products: Array, groups: int, cases: float) -> Array:
    """Return the squared errors of the blend on every draw, with the weights fitted on all other draws."""
    share = 1 - 1 / len(products) if len(products) > 1 else 1.0
    out = []
    for here in products:
        others = products.sum(0) - here if len(products) > 1 else here
        w = stack(others, groups, cases * share).ravel()
        out.append(w @ here @ w)
    return np.array(out)


def against(
    name: str,
    cube: xr.Dataset,
    names: tuple[str, ...],
    trials: list[Trial],
    leads: tuple[float, ...],
    scale: Tensor,
    members: list[Model],
    weights: Array,
    winner: str,
    level: float,
) -> tuple[Score, Joined | None]:
    """Compare a network with the winner on fewer dates, and return the blend with the network if that is better.

    The error of the network is reported as its ratio to the winner's on these dates, times ``level``, the winner's on all.
    """
    try:
        network = get_model(name)
        check_inputs(network, cube)
        wanted = network.feed.resolution
        found = resolution_of(cube)
        if wanted and found and abs(found / wanted - 1) > 0.5:
            return Score(name, note=f"trained on pixels of {wanted:g} m; this cube has pixels of {found:.0f} m"), None
        parts, dates = [], 0
        for trial in trials[:NETWORK_DRAWS]:
            start = busiest(trial, NETWORK_DATES)
            part = trial.on(slice(start, start + NETWORK_DATES)).cropped(network.feed.multiple)
            if bool(part.asked.any()) and bool(part.batch.usable.any()):
                parts.append(errors(part, [*members, network], leads, scale))
                dates += int(part.asked.any(dim=0).flatten(1).any(dim=1).sum())
    except EowidgetsError as problem:
        return Score(name, note=str(problem)), None
    if not parts:
        return Score(name, note="no draw has comparable values"), None
    groups, m = weights.shape[0], len(members) + 1
    products, counts = np.stack([p for p, _ in parts]), np.array([c for _, c in parts])
    grid = products.reshape(len(parts), groups, m, groups, m)
    single = dict(zip(MEMBERS, np.eye(len(members)), strict=True))
    best = np.repeat(single[winner][None], groups, axis=0) if winner in single else weights
    # Only two members remain, the winner and the network: few draws do not support more weights.
    two = np.zeros((groups, m, 2))
    two[:, :-1, 0], two[:, -1, 1] = best, 1.0
    both = np.einsum("gma,dgmhn,hnb->dgahb", two, grid, two).reshape(len(parts), 2 * groups, 2 * groups)
    diagonal = np.einsum("dgaha->da", both.reshape(len(parts), groups, 2, groups, 2))
    with_network = left_out(both, groups, dates)
    total = np.sqrt(np.array([*diagonal.sum(0), with_network.sum()]) / counts.sum())
    raw, ratio = scored(diagonal[:, 1:], counts, [name], 0)[0], level / max(float(total[0]), 1e-12)
    score = Score(name, raw.error * ratio, raw.low * ratio, raw.high * ratio)
    note = (
        f"tested on {counts.sum():,} of the values only, where it has {digits(raw.error)} and the best other method "
        f"{digits(float(total[0]))}"
    )
    wins = (
        total[2] < total[0] * (1 - CLEARLY)
        and (with_network < diagonal[:, 0]).sum() > len(parts) / 2
        and len(parts) > 1
    )
    if not wins:
        return replace(score, note=note), None
    share = stack(both.sum(0), groups, dates)  # (group, 2)
    new = np.concatenate([share[:, :1] * best, share[:, 1:]], axis=1)
    found_params = {"members": (*MEMBERS, name), "leads": leads, "weights": tuple(new.round(4).ravel().tolist())}
    raw = scored(with_network[:, None], counts, [BLEND], 0)[0]
    joined = Score(BLEND, raw.error * ratio, raw.low * ratio, raw.high * ratio, f"with {name}; scaled as its error is")
    return replace(score, note=f"{note}, {digits(float(total[2]))} together"), Joined(joined, found_params)


def busiest(trial: Trial, dates: int) -> int:
    """Return the first date of the stretch of ``dates`` dates with the most hidden values."""
    asked = trial.asked.float().sum(dim=(0, 2, 3))
    if len(asked) <= dates:
        return 0
    total = asked.cumsum(0)
    return int((total[dates - 1 :] - total[: len(total) - dates + 1] + asked[: len(total) - dates + 1]).argmax())

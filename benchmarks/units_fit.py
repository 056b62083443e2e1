"""Settings of UniTS weights that were trained on many places, chosen on held-out series and scenes.

``python -m benchmarks.units fit --data FOLDER`` prints the error against ``passes``, ``trust`` and ``local``, and the
coverage against ``widen``. Validation uses other cells of the series of :mod:`training.series_sets` and other seeds of
the simulator; none of the sets of ``away`` is read.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.units_away import Place, batch_of
from eowidgets import metrics
from eowidgets.engine.device import fast_autocast
from eowidgets.models.units.adapters import UniTSReconstruct, given_batch
from eowidgets.models.units.between import interpolate
from eowidgets.models.units.config import BANDS
from eowidgets.models.units.local import refine, repeated
from eowidgets.models.units.network import UniTS
from training.hiding import hide
from training.units_places import Sets
from training.windows import Windows

SEED, EACH = 31, 3
KINDS = ("modis", "landsat", "fields", "seasons", "invented")
PASSES, TRUST, LOCAL = (4, 6, 8), (0.6, 0.8, 1.0, 1.1), (0.25, 0.5)
WIDEN = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)


def validation(folder: Path) -> dict[str, list[tuple[Windows, Place]]]:
    """Draw windows of every set, with whole dates and parts of dates hidden."""
    sets, rng = Sets.of(folder, None, held=True), np.random.default_rng(SEED)
    found: dict[str, list[tuple[Windows, Place]]] = {}
    for kind in KINDS:
        for _ in range(EACH):
            w, bands, places = sets.draw(rng, 4, kind=kind)
            hide(rng, w, sets.masks)
            lonlat = (0.0, 0.0) if places is None else (float(places[0, 0]), float(places[0, 1]))
            found.setdefault(kind, []).append((w, Place(kind, w, bands, lonlat, 10.0)))
    return found


def answer(network: UniTS, w: Windows, place: Place, samples: int = 1) -> tuple[Tensor, Tensor]:
    """Draw samples (k, b, t, c, h, w) without trust, widening or a second regression; and the base (b, t, c, h, w)."""
    plain = copy.copy(network)
    plain.config = dataclasses.replace(network.config, trust=1.0, widen=1.0, local=0.0)
    model, index = UniTSReconstruct(plain, samples=samples), [BANDS.index(b) for b in place.bands]
    made, bases = [], []
    for i in range(len(w.x)):
        batch = batch_of(w, place, i)
        with fast_autocast():
            made.append(model.filled(batch, batch.usable, plain, 0.0)[:, :, :, index])
        bases.append(given_batch(batch, batch.usable, plain).base[:, :, index])
    return torch.cat(made, dim=1), torch.cat(bases)


def relative(predicted: Tensor, base: Tensor, w: Windows) -> list[float]:
    """Return the squared error of each window relative to that of the base, in dB (negative is better)."""
    inside, found = (w.known & w.hidden)[:, :, None], []
    for i in range(len(w.x)):
        one = slice(i, i + 1)
        if inside[one].any():
            parts = [
                metrics.mae((m[one] - w.x[one]).square(), torch.zeros_like(w.x[one]), inside[one])
                for m in (predicted, base)
            ]
            found.append(10 * math.log10((parts[0] + 1e-7) / (parts[1] + 1e-7)))
    return found


Rows = dict[str, dict[str, list[float]]]


def errors(network: UniTS, drawn: dict[str, list[tuple[Windows, Place]]]) -> Rows:
    """Return the error for each value of each setting, the others at default, relative to one regression pass."""
    rows: Rows = {}
    for kind, windows in drawn.items():
        for w, place in windows:
            usable, bands = w.known & ~w.hidden, list(range(len(place.bands)))
            line = interpolate(w.x * usable[:, :, None], usable, w.days)[0]
            once = repeated(line, usable, w.days, 1)

            def note(name: str, made: Tensor, kind: str = kind, once: Tensor = once, w: Windows = w) -> None:
                rows.setdefault(name, {}).setdefault(kind, []).extend(relative(made, once, w))

            note("linear interpolation", line)
            for passes in PASSES:
                other = copy.copy(network)
                other.config = dataclasses.replace(network.config, passes=passes)
                made, base = answer(other, w, place)
                note(f"passes {passes}, no network", base)
                for value in TRUST:
                    note(f"passes {passes}, trust {value:g}", base + value * (made[0] - base))
                observed = torch.where(usable[:, :, None], w.x, made[0])[None]
                for value in LOCAL:
                    note(f"passes {passes}, local {value:g}", refine(observed, usable, w.days, bands, value)[0])
    return rows


def tables(folder: Path, network: UniTS) -> None:
    """Print the tables."""
    from benchmarks.units import table

    drawn = validation(folder)
    rows = {name: {kind: float(np.mean(v)) for kind, v in row.items()} for name, row in errors(network, drawn).items()}
    with_mean = {name: row | {"mean": float(np.mean(list(row.values())))} for name, row in rows.items()}
    table("squared error relative to one pass of the regression, dB (negative is better)", with_mean)
    covered: dict[str, dict[str, float]] = {}
    for kind, windows in drawn.items():
        w, place = windows[0]
        w = Windows(w.x[:2], w.known[:2], w.hidden[:2], w.days[:2])
        made, _ = answer(network, w, place, samples=16)
        mean = made.mean(0)
        for factor in WIDEN:
            low, high = (mean + factor * (made - mean)).quantile(torch.tensor([0.1, 0.9]), dim=0)
            share = metrics.coverage(low, high, w.x, (w.known & w.hidden)[:, :, None])
            covered.setdefault(f"widen {factor:g}", {})[kind] = 100 * share
    table("coverage of 80 % intervals of 16 samples, %", covered)

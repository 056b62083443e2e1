"""Settings of UniTS weights that were trained on many places, chosen on series and scenes kept out of training.

``python -m benchmarks.units fit --data FOLDER`` prints the error against ``trust`` and ``local``, and the coverage against
``widen``. Validation uses other cells of the series of :mod:`training.series_sets` and other seeds of the simulator; none
of the sets of ``away`` is read.
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
from eowidgets.models.units.adapters import UniTSReconstruct
from eowidgets.models.units.network import UniTS
from training.hiding import hide
from training.units_places import Sets
from training.windows import Windows

SEED, EACH = 31, 6
KINDS = ("modis", "landsat", "fields", "seasons", "invented")
TRUST, LOCAL, WIDEN = (0.0, 0.6, 0.8, 1.0, 1.1), (0.0, 0.25, 0.5), (1.0, 1.5, 2.0, 2.5, 3.0)


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


def error(network: UniTS, drawn: list[tuple[Windows, Place]]) -> float:
    """Mean over windows of the error relative to that of the base without network, in dB (negative is better)."""
    ratios = []
    plain = copy.copy(network)
    plain.config = dataclasses.replace(network.config, trust=0.0, local=0.0)
    for w, place in drawn:
        inside = (w.known & w.hidden)[:, :, None]
        mine, base = (filled(n, w, place) for n in (network, plain))
        for i in range(len(w.x)):
            if inside[i].any():
                parts = [
                    metrics.mae(((m - w.x) ** 2)[i : i + 1], 0 * w.x[i : i + 1], inside[i : i + 1])
                    for m in (mine, base)
                ]
                ratios.append(10 * math.log10((parts[0] + 1e-7) / (parts[1] + 1e-7)))
    return float(np.mean(ratios))


def filled(network: UniTS, w: Windows, place: Place) -> Tensor:
    model = UniTSReconstruct(network)
    with fast_autocast():
        return torch.cat([model.predict(batch_of(w, place, i))["reflectance"] for i in range(len(w.x))])


def tables(folder: Path, network: UniTS) -> None:
    """Print the tables."""
    from benchmarks.units import table

    drawn = validation(folder)
    for name, values in (("trust", TRUST), ("local", LOCAL)):
        rows = {}
        for value in values:
            other = copy.copy(network)
            other.config = dataclasses.replace(network.config, **{name: value})
            row = {kind: error(other, windows) for kind, windows in drawn.items()}
            rows[f"{name} {value:g}"] = row | {"mean": float(np.mean(list(row.values())))}
        table(f"{name}: squared error relative to the base, dB (negative is better)", rows)
    rows = {}
    samples = {kind: [(w, spread_of(network, w, place)) for w, place in windows[:2]] for kind, windows in drawn.items()}
    for factor in WIDEN:
        row = {}
        for kind, found in samples.items():
            covered = []
            for w, made in found:
                mean = made.mean(0)
                wide = mean + factor / network.config.widen * (made - mean)
                low, high = wide.quantile(torch.tensor([0.1, 0.9]), dim=0)
                covered.append(100 * metrics.coverage(low, high, w.x, (w.known & w.hidden)[:, :, None]))
            row[kind] = float(np.mean(covered))
        rows[f"widen {factor:g}"] = row | {"mean": float(np.mean(list(row.values())))}
    table("coverage of 80 % intervals of 16 samples, %", rows)


def spread_of(network: UniTS, w: Windows, place: Place) -> Tensor:
    """Draw 16 samples of the bands of the windows, (16, b, t, c, h, w)."""
    from eowidgets.models.units.config import BANDS

    model, index = UniTSReconstruct(network, samples=16), [BANDS.index(b) for b in place.bands]
    parts = []
    for i in range(len(w.x)):
        batch = batch_of(w, place, i)
        with fast_autocast():
            parts.append(model.filled(batch, batch.usable, network, network.config.local)[:, :, :, index])
    return torch.cat(parts, dim=1)

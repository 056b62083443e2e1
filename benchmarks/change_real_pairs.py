"""Evaluate change networks on real images of held-out places: ``python -m benchmarks.change_real_pairs FOLDER``.

FOLDER has the data sets of :mod:`training.real_places`; the places of its ``TEST`` list were not used for training. Pairs are
drawn with fixed seeds at pixels of 0.5, 1 and 2 m:

- *open ground*, *two places*: images of two places with building masks, one as the earlier date and one as the later;
- *pasted*, *removed*: a real pair of years, or an image under two light conditions, with buildings inserted or covered;
- *two years*: NAIP pairs of the same place where no building changed: every mark is a false positive;
- *Tisza*: annotated aerial pairs of 1.5 m, whose marks include ground works and plantations;
- *Beijing*: an annotated pair of very high resolution, whose mark includes the yard of a new factory.

Every method is scored on new and vanished buildings, at 0.5 m in both orders of the dates. Networks get coarse images
enlarged, as the models do. CVA has the one threshold that is best for these pairs; Otsu's threshold is that of each pair.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.change_pairs import Count, network_of, table
from eowidgets.models.change.base import PairParams
from eowidgets.models.change.lenet.network import UNKNOWN
from eowidgets.models.change.pictures import standardised, statistics
from eowidgets.models.change.views import probabilities, zoom_of
from eowidgets.models.classical.stats import otsu
from training.change import RUNS, disturbed
from training.real_pairs import RealPairs
from training.real_places import Place, places

SIDE = 256
#: Pixel sizes in metres, and the share of the pairs that is drawn at each: enlarged images take longer.
RESOLUTIONS = {0.5: 1.0, 1.0: 0.67, 2.0: 0.34}
#: Both orders of the dates are compared at this pixel size.
BOTH_ORDERS = 0.5
DRAWN = ("open ground", "two places", "pasted", "removed")
QUIET = "two years"
#: Pairs of each kind and resolution, of the test and of the development places.
COUNT, DEV_COUNT = 16, 12
BUILDING = 2
NETWORKS = {"MCI": "mci", "LENet": "lenet", "FC-Siam-diff": "fcsiam"}

Pair = tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]
#: Score of every pixel of two images with a pixel size in metres: higher means more change.
Score = Callable[[Tensor, Tensor, float], Tensor]


@dataclass(slots=True)
class RealSet:
    """Pairs of one kind and pixel size.

    Attributes
    ----------
    pairs : list of (ndarray, ndarray)
        Images (2, 3, h, w), 0..1, and labels (h, w).
    """

    kind: str
    metres: float
    pairs: list[Pair] = field(default_factory=list)


def real_sets(folder: Path, split: str, count: int) -> list[RealSet]:
    """Draw the pairs of one part of the places; the same at every call."""
    among = [p for p in places(folder) if p.split == split]
    source, sets = RealPairs(among), []
    for kind in (*DRAWN, QUIET):
        for metres, share in RESOLUTIONS.items():
            one = RealSet(kind, metres)
            for i in range(round(share * count)):
                rng = np.random.default_rng([i, int(100 * metres), len(kind), 5])
                pair, labels = source.draw(rng, SIDE, kind, metres)
                if kind == "removed":  # often the same image twice: with different camera effects
                    pair = torch.stack([disturbed(torch.from_numpy(d.copy()), rng) for d in pair]).numpy()
                one.pairs.append((np.ascontiguousarray(pair, np.float32), labels))
            sets.append(one)
    return sets


def annotated_sets(folder: Path, split: str) -> list[RealSet]:
    """Return whole tiles of the annotated pairs: every marked pixel counts as change."""
    sets = []
    for name, kind, metres in (("airchange", "Tisza", 1.5), ("beijing", "Beijing", 1.0)):
        one = RealSet(kind, metres)
        for place in places(folder):
            if place.name.startswith(name) and place.split == split:
                one.pairs += list(_tiles(place))
        if one.pairs:
            sets.append(one)
    return sets


def _tiles(place: Place) -> list[Pair]:
    change = np.asarray(place.change)
    h, w = change.shape
    found = []
    # The last tile of a row ends at the edge, and overlaps the one before.
    for r in _starts(h):
        for c in _starts(w):
            window = (slice(r, r + SIDE), slice(c, c + SIDE))
            pair = place.dates[[0, -1]][(slice(None), slice(None), *window)].astype(np.float32) / 255
            found.append((pair, np.where(change[window] > 0, BUILDING, 0).astype(np.uint8)))
    return found


def _starts(length: int) -> list[int]:
    return sorted({*range(0, length - SIDE + 1, SIDE), length - SIDE})


def vectors(a: Tensor, b: Tensor, metres: float) -> Tensor:
    """Return the length of the change vectors of two standardised images (3, h, w)."""
    return (b - a).square().sum(0).sqrt()


def network_score(network: Any, views: int) -> Score:
    """Return a function that computes the probability of a new or vanished building."""

    def score(a: Tensor, b: Tensor, metres: float) -> Tensor:
        with torch.inference_mode():
            return probabilities(network, a[None], b[None], views, zoom_of(metres))[0, BUILDING]

    return score


def scored(pair: Pair, metres: float, score: Score, *, swapped: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """Return score and label of the labelled pixels, and the score of all pixels."""
    x = torch.from_numpy(pair[0])
    x = standardised(x, *statistics(x))
    made = score(x[1], x[0], metres) if swapped else score(x[0], x[1], metres)
    labels = torch.from_numpy(pair[1])
    known = labels != UNKNOWN
    return made[known], (labels == BUILDING)[known], made


def best_cut(sets: Sequence[RealSet], score: Score) -> float:
    """Return the threshold with the highest F1 over all pairs of the sets."""
    found = [scored(p, s.metres, score)[:2] for s in sets for p in s.pairs]
    values, truth = torch.cat([f[0] for f in found]), torch.cat([f[1] for f in found])
    cuts = torch.linspace(0, float(values.quantile(0.999)) if len(values) < 10**7 else 12.0, 121)
    f1 = [2 * float((truth & (values > c)).sum()) / float((values > c).sum() + truth.sum()) for c in cuts]
    return float(cuts[int(np.argmax(f1))])


def rows_of(sets: Sequence[RealSet], score: Score, cut: float | None) -> dict[str, dict[str, float]]:
    """Return counts by kind and by resolution in both orders; ``cut=None`` uses Otsu's threshold of each pair."""
    by: dict[str, dict[bool, Count]] = {}
    quiet: dict[float, list[float]] = {}
    for one in sets:
        for pair in one.pairs:
            for swapped in (False, True)[: 1 + (one.metres == BOTH_ORDERS)]:
                made, truth, everywhere = scored(pair, one.metres, score, swapped=swapped)
                limit = otsu(everywhere.flatten()) if cut is None else cut
                if one.kind == QUIET and swapped:
                    continue
                if one.kind == QUIET:
                    quiet.setdefault(one.metres, []).append(float((made > limit).float().mean()))
                    continue
                size = f"{one.metres:g} m"
                keys = [size, f"{one.kind}, {size}", "all sizes"] if one.kind in DRAWN else [one.kind]
                for key in keys:
                    if not (swapped and key == "all sizes"):
                        by.setdefault(key, {})
                        by[key].setdefault(swapped, Count()).add(made > limit, truth)
    rows = {}
    for key, counts in by.items():
        row = counts[False].row()
        rows[key] = {k: row[k] for k in ("F1", "precision", "recall")}
        if True in counts:
            rows[key]["F1 swapped"] = counts[True].row()["F1"]
    for metres, shares in quiet.items():
        rows[f"marked, {metres:g} m (%)"] = {"F1": 100 * float(np.mean(shares))}
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the data sets")
    parser.add_argument("--split", choices=("test", "dev"), default="test")
    parser.add_argument("--count", type=int)
    parser.add_argument("--views", type=int, nargs="+", default=[1], help="views of the networks")
    parser.add_argument("--threshold", type=float, default=PairParams().threshold)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--plain", action="store_true", help="networks only, without CVA and Otsu")
    parser.add_argument("--save", action="store_true", help="store the figures for the cards (training.change_ship)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    sets = real_sets(args.folder, args.split, args.count or (COUNT if args.split == "test" else DEV_COUNT))
    sets += annotated_sets(args.folder, args.split)
    methods: dict[str, tuple[Score, float | None]] = {}
    for label in args.only:
        found = network_of(NETWORKS[label])
        if found is not None:
            for views in args.views:
                name = label if args.views == [1] else f"{label}, views={views}"
                methods[name] = (network_score(found[0], views), args.threshold)
    if not args.plain:
        methods["CVA, best threshold of all"] = (vectors, best_cut([s for s in sets if s.kind in DRAWN], vectors))
        methods["Otsu's threshold of each pair"] = (vectors, None)
    results: dict[str, Any] = {}
    for name, (score, cut) in methods.items():
        begun = time.process_time()
        results[name] = rows_of(sets, score, cut)
        results[name]["all sizes"]["s"] = time.process_time() - begun
    for key in next(iter(results.values())):
        columns = ("F1", "precision", "recall", "F1 swapped", "s")
        picked = {n: {c: r[key][c] for c in columns if c in r[key]} for n, r in results.items()}
        if "marked" in key:
            picked = {n: {"marked (%)": r["F1"]} for n, r in picked.items()}
        table(key, picked)
    if args.save:
        for label in args.only:
            path = RUNS / f"change-{NETWORKS[label]}.safetensors"
            if path.exists():
                results[label]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        notes = RUNS / "change-real-benchmark.json"
        # The pairs are the same in every run: rows of networks that were not requested stay unchanged.
        kept = json.loads(notes.read_text()) if notes.exists() else {}
        notes.write_text(json.dumps(kept | results, indent=1))


if __name__ == "__main__":
    main()

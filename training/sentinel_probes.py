"""The probes of encoders of Sentinel-2: chips of EuroSAT, and land cover at places that were never trained on.

``"choice"`` is what recipes are chosen on: chips that are left out of the training, and each of three places from the two
others. ``"test"`` is for the recipe that was chosen: other chips, and two other places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from training.encode_images import Chips, Place, satclip, terramind
from training.probe import Pair, Question, components, probe, statistics

Part = Literal["choice", "test"]
#: From reflectance images (n, bands, h, w) to maps of vectors (n, width, h / cell, w / cell); images of EuroSAT have three bands.
Encode = Callable[[np.ndarray], np.ndarray]
#: Land cover of TerraMind that at least two places have: water, trees, crops, rangeland.
COVERS = (1, 2, 4, 9)
#: Places whose patches are tested, and all others give labels.
TESTED = ("S2L2A_433D_629L_3_1", "S2L2A_637U_59R_1_3")
#: Pixels along one side of a cell that has a vector and a label, and fewest cells of a class on both sides.
CELL, FEWEST = 16, 10
#: Cells along one side of the blocks that are resampled.
BLOCK = 4
#: Labels of a class; one number is enough to choose a recipe.
CHIP_LABELS, CELL_LABELS = {"choice": (10,), "test": (10,)}, {"choice": (20,), "test": (5, 20)}


def typical(folder: Path, bands: Sequence[str], images: np.ndarray) -> list[np.ndarray]:
    """Return batches of reflectance, half of them EuroSAT's and half SatCLIP's, for the norms of an untrained network."""
    patches = [p.values[:, :, :192, :192] for p in satclip(folder, bands)]
    cut = np.concatenate([p.reshape(-1, 3, 64, 3, 64).transpose(1, 3, 0, 2, 4).reshape(9, -1, 64, 64) for p in patches])
    rng = np.random.default_rng(0)
    return [*np.array_split(rng.permutation(images)[:192], 3), *np.array_split(rng.permutation(cut)[:192], 3)]


def measure(
    encoders: Mapping[str, Encode | Sequence[Encode]],
    given: Chips,
    folder: Path,
    bands: Sequence[str],
    width: int,
    part: Part,
) -> Iterator[dict[str, Any]]:
    """Yield the results of all probes of a part.

    Parameters
    ----------
    encoders : mapping of str to Encode, or five of them
        The first is compared with the others.
    given : Chips
        Chips of EuroSAT.
    folder : Path
    bands : sequence of str
    width : int
        Number of principal components.
    part : {"choice", "test"}
    """
    yield from _chips(encoders, given, width, part)
    every = terramind(folder, bands)
    fitted = [p for p in every if p.name not in TESTED]
    if part == "test":
        yield from _places(encoders, fitted, [p for p in every if p.name in TESTED], width, part)
        return
    for i, one in enumerate(fitted):
        yield from _places(encoders, fitted[:i] + fitted[i + 1 :], [one], width, part)


def _chips(
    encoders: Mapping[str, Encode | Sequence[Encode]], given: Chips, width: int, part: Part
) -> Iterator[dict[str, Any]]:
    """Probe the ten classes of EuroSAT; chips do not overlap, and EuroSAT gives no places."""
    # A third of the chips is enough to draw labels from, and half of those that are held out to test.
    here = np.flatnonzero(given.part == "training")[::3]
    every = np.flatnonzero(given.part == ("choice" if part == "choice" else "held out"))
    there = every if part == "choice" else every[::2]
    x, test = given.values[here], given.values[there]
    sets = _vectors(encoders, lambda encode: (encode(x).mean((2, 3)), encode(test).mean((2, 3))))
    sets[f"PCA, {width}"] = components(x.reshape(len(x), -1), test.reshape(len(test), -1), width)
    sets["statistics"] = statistics(x), statistics(test)
    names = np.arange(len(given.part))
    for labels in CHIP_LABELS[part]:
        question = Question(
            f"EuroSAT, {labels} labels a class",
            "classes",
            given.classes[here],
            given.classes[there],
            names[here],
            names[there],
            labels * len(np.unique(given.classes)),
        )
        yield probe(question, sets)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Cells of places: images, the number of the cover or -1, and the place and block of each."""

    images: np.ndarray
    cover: np.ndarray
    place: np.ndarray
    block: np.ndarray


def _cells(places: Sequence[Place]) -> _Cells:
    parts = []
    for place in places:
        n, bands = place.values.shape[-1] // CELL, place.values.shape[1]
        cut = place.values[0].reshape(bands, n, CELL, n, CELL).transpose(1, 3, 0, 2, 4).reshape(-1, bands, CELL, CELL)
        assert place.cover is not None
        cover = place.cover.reshape(n, CELL, n, CELL)
        share = np.stack([(cover == k).mean((1, 3)).ravel() for k in COVERS], -1)
        row, column = np.divmod(np.arange(n * n), n)
        block = [f"{place.name} {r // BLOCK} {c // BLOCK}" for r, c in zip(row, column, strict=True)]
        label = np.where(share.max(-1) > 0.5, share.argmax(-1), -1)
        parts.append((cut, label, np.full(n * n, place.name), np.array(block)))
    return _Cells(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _places(
    encoders: Mapping[str, Encode | Sequence[Encode]],
    fitted: Sequence[Place],
    tested: Sequence[Place],
    width: int,
    part: Part,
) -> Iterator[dict[str, Any]]:
    """Probe land cover of cells: labels come from some places, others are tested."""
    here, there = _cells(fitted), _cells(tested)

    def dense(encode: Encode) -> Pair:
        first, second = (
            np.concatenate([(found := encode(p.values)[0]).reshape(len(found), -1).T for p in places])
            for places in (fitted, tested)
        )
        return first, second

    sets = _vectors(encoders, dense)
    x, test = here.images, there.images
    sets[f"PCA, {width}"] = components(x.reshape(len(x), -1), test.reshape(len(test), -1), width)
    sets["statistics"] = statistics(x), statistics(test)
    both = [k for k in range(len(COVERS)) if min((c.cover == k).sum() for c in (here, there)) >= FEWEST]
    if len(both) < 2:
        return
    known, asked = np.isin(here.cover, both), np.isin(there.cover, both)
    where = ", ".join(p.name.removeprefix("S2L2A_") for p in tested)
    for labels in CELL_LABELS[part]:
        question = Question(
            f"land cover of {where}, {labels} labels a class",
            "classes",
            here.cover[known],
            there.cover[asked],
            here.place[known],
            there.block[asked],
            labels * len(both),
        )
        yield probe(question, {k: _rows(v, known, asked) for k, v in sets.items()})


def _vectors(
    encoders: Mapping[str, Encode | Sequence[Encode]], made: Callable[[Encode], Pair]
) -> dict[str, Pair | Sequence[Pair]]:
    return {k: made(e) if callable(e) else [made(one) for one in e] for k, e in encoders.items()}


def _rows(given: Pair | Sequence[Pair], train: np.ndarray, test: np.ndarray) -> Pair | list[Pair]:
    if isinstance(given, tuple):
        return given[0][train], given[1][test]
    return [(a[train], b[test]) for a, b in given]

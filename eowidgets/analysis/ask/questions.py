"""Questions with answers, generated from ground truth: label maps, vector layers, simulated scenes, label map pairs.

After Lobry et al. (2020), "RSVQA: Visual Question Answering for Remote Sensing Data", doi:10.1109/TGRS.2020.2988782,
who generated presence, count, comparison, area and rural/urban questions from OpenStreetMap. Answers are balanced
within each kind and class, so that the question alone does not predict the answer; templates and places are held out
for testing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask import small, tools
from eowidgets.analysis.ask.language import COVERS, QuestionProgram
from eowidgets.analysis.ask.templates import Sampler
from eowidgets.arguments import Count, Pixels, Positive, Seed, checked
from eowidgets.cube.labels import LAND_CLASSES
from eowidgets.errors import InputError, unknown
from eowidgets.models.vqa.answers import bin_of

STILL = ("presence", "count", "compare", "area", "share", "settlement", "locate")
CHANGING = ("change",)
#: Number of attempts per requested question: rare answers need many.
_TRIES = 30


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one place.

    Attributes
    ----------
    text : str
    answer : bool, int, float or str
        Yes or no, a number (hectares, percent, patches), or a word.
    kind : str
    program : QuestionProgram
        The question in the typed language.
    rows, columns : (int, int)
        First pixel and last pixel plus one of its place.
    held_out : bool
        Whether the place or the template is held out from training.
    """

    text: str
    answer: bool | int | float | str
    kind: str
    program: QuestionProgram
    rows: tuple[int, int]
    columns: tuple[int, int]
    held_out: bool


@checked
def questions(
    truth: Any,
    n: Count = 100,
    seed: Seed = 0,
    *,
    kinds: Sequence[str] | None = None,
    tile: Pixels = 64,
    split: Literal["all", "train", "held-out"] = "all",
    hectares: Positive | None = None,
) -> list[Question]:
    """Generate ``n`` questions with their answers.

    Parameters
    ----------
    truth : DataArray, (DataArray, DataArray), Scene, or (mapping, GeoBox)
        A class map ``(y, x)`` with ``flag_values`` and ``flag_meanings``; two of them, before and after; a simulated
        scene (its first and last day); or a GeoJSON whose features have a property ``class`` (or ``landcover``,
        ``landuse``, ``natural``, ``building`` as in OpenStreetMap) and the grid to draw them on.
    n : int
    seed : int
        The same seed gives the same questions.
    kinds : sequence of str, optional
        Of ``presence, count, compare, area, share, settlement, locate`` and, with two maps, ``change``.
    tile : int
        Side of the place that one question is about, in pixels.
    split : {"all", "train", "held-out"}
        ``"held-out"`` takes places *and* templates that ``"train"`` never has.
    hectares : float, optional
        Size of a pixel, where the map has no CRS.

    Returns
    -------
    list of Question

    Raises
    ------
    InputError
        If the truth cannot be read, has no class of the language, or is smaller than a tile.

    Examples
    --------
    >>> from eowidgets.simulate import simulate
    >>> made = questions(simulate(height=64, width=64, end="2018-06-30", radar=False), n=6, seed=1, tile=32)
    >>> len(made)
    6
    """
    maps, names, size = _maps(truth, hectares)
    chosen = tuple(kinds) if kinds is not None else STILL + (CHANGING if len(maps) == 2 else ())
    known = STILL + (CHANGING if len(maps) == 2 else ())
    for kind in chosen:
        if kind not in known:
            raise unknown("kind of question for this truth", kind, known)
    tiles = _tiles(maps[0].shape, tile, split)
    rng = np.random.default_rng(seed)
    sampler = Sampler("2000-01-01", "2001-12-31", rng, split=split, covers=tuple(names), dated=False)
    found: list[Question] = []
    for number, kind in enumerate(chosen):
        share = n // len(chosen) + (number < n % len(chosen))
        found += _balanced(_candidates(kind, share, sampler, maps, names, size, tiles), share, rng)
    if len(found) < n:
        raise InputError(
            f"Only {len(found)} different questions could be generated, not {n}: give a larger map or more kinds."
        )
    return [found[i] for i in rng.permutation(len(found))]


# --- truth --------------------------------------------------------------------------------------------------------

Labels = npt.NDArray[np.uint8]


def _maps(truth: Any, hectares: float | None) -> tuple[list[Labels], dict[str, int], float]:
    """Return label maps, the value of each class of the language, and the pixel size in hectares."""
    if isinstance(getattr(truth, "classes", None), xr.DataArray) and isinstance(
        getattr(truth, "cube", None), xr.Dataset
    ):
        size = hectares or tools.pixel_hectares(truth.cube)
        values = truth.classes.transpose("time", "y", "x").values
        return [values[0], values[-1]], {name: value for value, name, _ in LAND_CLASSES}, size
    if isinstance(truth, xr.DataArray):
        truth = (truth,)
    if isinstance(truth, tuple) and truth and all(isinstance(t, xr.DataArray) for t in truth) and len(truth) <= 2:
        names = _classes(truth[0])
        if any(t.ndim != 2 or t.shape != truth[0].shape for t in truth):
            raise InputError("Maps of truth need the dimensions y and x, the same for both.")
        size = hectares or tools.pixel_hectares(truth[0].to_dataset(name="labels"))
        return [np.asarray(t.values, np.uint8) for t in truth], names, size
    if isinstance(truth, tuple) and len(truth) == 2 and isinstance(truth[0], Mapping):
        return _drawn(truth[0], truth[1], hectares)
    raise InputError(
        "Truth is a class map (y, x), two of them, a simulated scene, or (GeoJSON, geobox); "
        f"this is a {type(truth).__name__}."
    )


def _classes(labels: xr.DataArray) -> dict[str, int]:
    values = np.atleast_1d(labels.attrs.get("flag_values", []))
    words = [w.replace("_", "-") for w in str(labels.attrs.get("flag_meanings", "")).split()]
    names = {w: int(v) for w, v in zip(words, values, strict=False) if w in COVERS}
    if len(names) < 2:
        raise InputError(f"The map has fewer than two classes out of {', '.join(COVERS)} in its flag_meanings.")
    return names


#: Tags of OpenStreetMap -> kinds of land.
_TAGS = {
    "forest": "forest wood orchard",
    "field": "farmland meadow grass grassland vineyard heath scrub village_green",
    "water": "water reservoir basin river wetland",
    "built-up": "residential industrial commercial retail construction yes house apartments garages building built_up",
    "bare": "quarry sand bare_rock beach scree brownfield landfill",
}
_TAG_OF = {tag: name for name, tags in _TAGS.items() for tag in tags.split()} | {name: name for name in COVERS}


def _drawn(layer: Mapping[str, Any], box: Any, hectares: float | None) -> tuple[list[Labels], dict[str, int], float]:
    from eowidgets.cube.area import Area

    labels = np.full(box.shape, 255, np.uint8)
    names = {name: i for i, name in enumerate(COVERS)}
    for feature in tools.features(layer):
        tags = feature.get("properties") or {}
        found = [str(tags[k]).lower() for k in ("class", "landcover", "landuse", "natural", "building") if tags.get(k)]
        name = next((_TAG_OF[t] for t in found if t in _TAG_OF), None)
        if name is not None and feature.get("geometry"):
            labels[Area.of(feature).mask(box, all_touched=False)] = names[name]
    if (labels != 255).sum() == 0:
        raise InputError("No feature of the layer has a class of land and lies on the grid.")
    size = hectares or abs(float(box.affine.determinant)) / 1e4
    return [labels], names, size


# --- places -------------------------------------------------------------------------------------------------------


def _tiles(shape: tuple[int, ...], tile: int, split: str) -> list[tuple[int, int]]:
    """Return upper left corners; one place in four is held out, always the same."""
    if min(shape) < tile:
        raise InputError(f"The map has {shape[0]} × {shape[1]} pixels, less than a tile of {tile}: give tile=...")
    corners = [(y, x) for y in range(0, shape[0] - tile + 1, tile) for x in range(0, shape[1] - tile + 1, tile)]
    held = {c for i, c in enumerate(corners) if i % 4 == 3}
    if split == "all" or not held:
        if split == "held-out":
            raise InputError("The map has too few tiles to hold one out: give a smaller tile.")
        return [(y, x, tile, (y, x) in held) for y, x in corners]  # type: ignore[misc]
    return [(y, x, tile, (y, x) in held) for y, x in corners if ((y, x) in held) == (split == "held-out")]  # type: ignore[misc]


# --- answers ------------------------------------------------------------------------------------------------------


def _candidates(
    kind: str, wanted: int, sampler: Sampler, maps: list[Labels], names: dict[str, int], size: float, tiles: list[Any]
) -> list[Question]:
    """Generate many different questions with their answers."""
    generated: dict[tuple[str, int, int], Question] = {}
    for _ in range(wanted * _TRIES):
        y, x, side, held = tiles[int(sampler.rng.integers(len(tiles)))]
        text, program = sampler.draw(kind)
        if program is None:
            continue
        cuts = [m[y : y + side, x : x + side] for m in maps]
        answer = _answer(program, cuts, names, size)
        if answer is not None:
            generated.setdefault(
                (text, y, x), Question(text, answer, kind, program, (y, y + side), (x, x + side), held)
            )
        if len(generated) >= wanted * _TRIES // 2:
            break
    return list(generated.values())


def _answer(program: Any, cuts: list[Labels], names: dict[str, int], size: float) -> Any:
    """Compute the answer from the ground truth by counting pixels; None if this truth does not contain it."""
    if program.scope.start or program.scope.end or program.scope.area or program.scope.layer or program.scope.months:
        return None
    where = _place(cuts[-1].shape, program.scope.place)
    now = {name: (cuts[-1] == value) & where for name, value in names.items()}
    of = getattr(program, "of", "")
    if program.kind == "settlement":
        return small.rural_or_urban(tools.share(now["built-up"], where)) if "built-up" in now else None
    if program.kind == "change":
        return _changed(program, cuts, names, where, size)
    if of not in now:
        return None
    if program.kind == "presence":
        return bool(now[of].any())
    if program.kind == "count":
        return _patches(now[of], size, program.min_hectares)
    if program.kind == "area":
        return round(float(now[of].sum() * size * {"ha": 1, "km2": 0.01, "m2": 1e4}[program.unit]), 4)
    if program.kind == "share":
        return round(tools.share(now[of], where), 2)
    if program.kind == "locate":
        return tools.main_cell(tools.grid_shares(now[of], where)) if program.how == "grid" and now[of].any() else None
    return _larger(program, now, cuts[-1], names)


def _patches(mask: npt.NDArray[np.bool_], size: float, least: float) -> int:
    from scipy import ndimage

    labels, count = ndimage.label(mask, np.ones((3, 3), int))
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:] * size
    return int((areas >= least - 1e-9).sum())


@lru_cache(maxsize=64)
def _place(shape: tuple[int, int], place: str) -> npt.NDArray[np.bool_]:
    """Return the cached mask of a half, a quarter or the centre."""
    mask = tools.region(xr.Dataset(coords={"y": np.arange(shape[0]), "x": np.arange(shape[1])}), place)
    mask.setflags(write=False)
    return mask


def _larger(program: Any, now: dict[str, Any], labels: Labels, names: dict[str, int]) -> Any:
    if program.other is not None:
        if program.other.start or program.other.end:
            return None
        other, here = (_place(labels.shape, s.place) for s in (program.other, program.scope))
        a, b = (tools.share(labels == names[program.of], w) for w in (here, other))
    elif program.than in now:
        a, b = float(now[program.of].sum()), float(now[program.than].sum())
    else:
        return None
    if a == b == 0:
        return None  # neither class is present: not a useful question
    if program.relation == "which":
        return program.of if a > b else program.than if b > a else "equal"
    return bool(a > b if program.relation == "more" else a < b)


def _changed(program: Any, cuts: list[Labels], names: dict[str, int], where: Any, size: float) -> Any:
    if len(cuts) < 2 or program.ask not in ("whether", "amount", "from-to"):
        return None
    if not program.of:
        return bool(((cuts[0] != cuts[1]) & where).any()) if program.ask == "whether" else None
    if program.of not in names or (program.to and program.to not in names):
        return None
    before, after = ((c == names[program.of]) & where for c in cuts)
    lost, gained = before & ~after, after & ~before
    if program.ask == "from-to":
        return round(float((before & (cuts[1] == names[program.to])).sum() * size), 4) if program.to else None
    if program.ask == "whether":
        mask = {"loss": lost, "gain": gained, "": lost | gained}[program.direction]
        return bool(mask.any())
    if program.direction == "":
        return round(float((int(after.sum()) - int(before.sum())) * size), 4)
    return round(float((lost if program.direction == "loss" else gained).sum() * size), 4)


# --- balance ------------------------------------------------------------------------------------------------------


def _balanced(candidates: list[Question], wanted: int, rng: np.random.Generator) -> list[Question]:
    """Select questions in turn from every class and, within it, from every answer (or range of answers)."""
    groups: dict[tuple[str, ...], dict[str, list[Question]]] = defaultdict(lambda: defaultdict(list))
    for i in rng.permutation(len(candidates)):
        question = candidates[int(i)]
        program: Any = question.program
        key = (
            str(getattr(program, "of", "")),
            str(getattr(program, "than", "")),
            str(getattr(program, "relation", "")),
        )
        groups[key][_bin(question)].append(question)
    # A class with only one answer would teach that answer, so it is used last.
    order = sorted(groups.values(), key=lambda answers: -len(answers))
    several = [g for g in order if len(g) > 1] or order
    chosen: list[Question] = []
    for pool in (several, [g for g in order if len(g) == 1]):
        while len(chosen) < wanted and any(any(v for v in g.values()) for g in pool):
            for group in pool:
                _take_evenly(group, chosen, wanted, strict=pool is several)
            if pool is several and not any(sum(bool(v) for v in g.values()) > 1 for g in pool):
                break
    rest = [q for g in order for v in g.values() for q in v]
    return [*chosen, *rest][:wanted]


def _take_evenly(group: dict[str, list[Question]], chosen: list[Question], wanted: int, *, strict: bool) -> None:
    """Take one question of every answer of a class; none if only one answer is left."""
    left = [v for v in group.values() if v]
    if strict and len(left) < 2:
        return
    for questions_left in left:
        if len(chosen) < wanted:
            chosen.append(questions_left.pop())


def _bin(question: Question) -> str:
    """Return the answer, or the range of a number; sizes are in hectares for every unit."""
    answer = question.answer
    if isinstance(answer, bool | str):
        return str(answer)
    unit = getattr(question.program, "unit", "ha")
    return str(bin_of(answer * {"ha": 1.0, "km2": 100.0, "m2": 1e-4}[unit]))

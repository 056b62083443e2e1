"""Questions about what was built or removed between two sharp pictures, answered by the networks of change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask import tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.context import CHANGED, Context
from eowidgets.analysis.ask.landcover import COLOR, needs
from eowidgets.analysis.ask.language import QuestionProgram
from eowidgets.cube.schema import usable
from eowidgets.errors import InputError

if TYPE_CHECKING:  # the networks are loaded when they are needed
    from eowidgets.analysis.change.words import ChangeWords

Mask = npt.NDArray[np.bool_]
#: Minimum share of the place that a usable date shows.
SEEN = 0.9
_TOPICS = ("", "change", "built-up", "built-up loss", "built-up gain", "built-up change")
_ROAD, _BUILDING = 1, 2
_GONE = ("disappear", "disappears", "removed", "demolished")


def answers(cube: xr.Dataset, program: QuestionProgram) -> bool:
    """Return whether the networks answer a program: a question about change on pixels of up to 1.5 m."""
    change = program.kind == "change" or (
        program.kind in ("count", "locate") and getattr(program, "of", "").endswith(("change", "loss", "gain"))
    )
    if not (change and getattr(program, "of", "") in _TOPICS and needs(cube)):
        return False
    from eowidgets.analysis.change.words import can_describe

    return can_describe(cube)


def describe_pair(cube: xr.Dataset, where: Mask, start: str = "", end: str = "") -> ChangeWords:
    """Compare the first and the last clear date of a place: a sentence, and the map that it must agree with.

    Parameters
    ----------
    cube : Dataset
        Red, green and blue; pixels of at most 1.5 m.
    where : ndarray (y, x), bool
        The place; the pictures are cut to the rectangle around it.

    Raises
    ------
    InputError
        If there are no two such dates.
    """
    from eowidgets.analysis.change.words import describe_change

    rows, columns = (slice(int(i[0]), int(i[-1]) + 1) for i in (np.flatnonzero(where.any(a)) for a in (1, 0)))
    cut = tools.between(cube, start, end) if start or end else cube
    part = cut.isel(y=rows, x=columns)
    at = np.flatnonzero(usable(part).transpose("time", "y", "x").values.mean(axis=(1, 2)) >= SEEN)
    if len(at) < 2:
        raise InputError("No two dates show nine tenths of the place without cloud.")
    return describe_change(part.isel(time=[int(at[0]), int(at[-1])]))


def change_classes(described: ChangeWords, where: Mask, cube: xr.Dataset) -> npt.NDArray[np.uint8]:
    """Return the classes of the map on the grid of the cube, (y, x): 0 nothing, 1 road, 2 building."""
    full = described.kind.reindex(y=cube["y"], x=cube["x"], fill_value=0).transpose("y", "x").values
    out: npt.NDArray[np.uint8] = np.where(where, full, 0).astype(np.uint8)
    return out


def count_buildings(classes: npt.NDArray[np.uint8], cube: xr.Dataset) -> int:
    """Count separate new and removed buildings of 10 m² or more."""
    from eowidgets.models.change.mci.tools import count

    return count(classes, least=max(round(1e-3 / tools.pixel_hectares(cube)), 1))


def changed_hectares(classes: npt.NDArray[np.uint8], cube: xr.Dataset, kind: str = "") -> float:
    """Return the hectares of buildings, of roads, or of both."""
    mask = classes > 0 if not kind else classes == {"road": _ROAD, "building": _BUILDING}[kind]
    return tools.area(mask, cube)


def main_field(classes: npt.NDArray[np.uint8], where: Mask) -> str:
    """Return the field of a nine-field grid with most of the change, or "nowhere"."""
    shares = tools.grid_shares(classes > 0, where)
    return tools.main_cell(shares) if any(shares.values()) else "nowhere"


def built_or_removed(described: ChangeWords, hectares: float) -> str:
    """Classify the cause by sentence and map: construction, demolition or nothing."""
    if not (described.changed or more_than_noise(hectares)):
        return "nothing"
    return "demolition" if any(w in described.text.split() for w in _GONE) else "construction"


def more_than_noise(hectares: float) -> bool:
    """Return whether the changed area exceeds the noise along edges (40 m²)."""
    from eowidgets.analysis.change.words import LEAST

    return bool(hectares * 1e4 > LEAST)


def answer(context: Context, program: Any) -> Answer:
    """Answer a question about change from map and sentence."""
    scope = program.scope
    where = context.where(scope)
    described: ChangeWords = context.trace("described", describe_pair, context.cube, where, scope.start, scope.end)
    classes = context.trace("classes", change_classes, described, where, context.cube)
    size = context.trace("size", changed_hectares, classes, context.cube)
    unit, code = "", None
    place = words.where(scope)
    fields = words.cells(tools.grid_shares(classes > 0, where), scope)
    house = tools.area(classes == _BUILDING, context.cube) * 1e4
    road = tools.area(classes == _ROAD, context.cube) * 1e4
    found = f"{words.number(house)} m² of buildings and {words.number(road)} m² of roads are new or removed{place}"
    found = f"On the map {found}, {fields}." if size else f"On the map nothing changed{place}."
    said = f"{described.text[0].upper()}{described.text[1:]}."
    if program.kind == "count":
        value: Any = context.trace("count", count_buildings, classes, context.cube)
        noun = "building is" if value == 1 else "buildings are"
        text = f"{value} {noun} new or removed{place}. {found}"
    elif program.kind == "locate":
        value = context.trace("field", main_field, classes, where)
        text = found
    elif program.ask == "amount":
        value, unit, code = size, "ha", context.trace.last
        text = f"{found} Together that is {words.hectares(size)}."
    elif program.ask == "whether":
        value = context.trace("changed_at_all", more_than_noise, size)
        text = f"{'Yes' if value else 'No'}. {found}"
        if size and not value:
            text += " That is within the noise along edges."
    elif program.ask == "cause":
        value = context.trace("cause", built_or_removed, described, size)
        text = f"Images show the change, not its reason. {said} {found} This looks like {value}."
    else:
        value, code, text = described.text, "described.text", f"{said} {found}"
    days = context.cube.sel(time=list(described.dates), method="nearest")
    text += f" The comparison uses {described.dates[0]} and {described.dates[1]}."
    if not described.agrees:
        text += " Sentence and map do not agree: inspect both."
    legend = [(_ROAD, "road", CHANGED), (_BUILDING, "building", COLOR["built-up"])]
    shown = context.classes(np.where(classes > 0, classes, 255), legend, "New or removed")
    return context.answer(
        program, text, value, 0.6 if described.agrees else 0.3, unit=unit, code=code, masks={"new or gone": shown},
        polygons=_outlines(classes, context.cube), dates=days,
    )  # fmt: skip


def _outlines(classes: npt.NDArray[np.uint8], cube: xr.Dataset, most: int = 500) -> dict[str, Any]:
    """Return the outlines of patches of 10 m² or more, unless they are too many to draw."""
    from scipy.ndimage import label

    labels, count = label(classes > 0, np.ones((3, 3), int))
    large = np.bincount(labels.ravel(), minlength=count + 1) * tools.pixel_hectares(cube) >= 1e-3
    large[0] = False
    if not 0 < large.sum() <= most:
        return {"type": "FeatureCollection", "features": []}
    return tools.polygons(large[labels], cube, "new or gone")

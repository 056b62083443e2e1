"""Input and output of RSVQA: one summer picture of 640 m, and an answer from a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask.landcover import quantile
from eowidgets.analysis.ask.tools import between, year_around
from eowidgets.cube import globe
from eowidgets.cube.area import Area
from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import bands, usable
from eowidgets.errors import InputError

#: Months in which land looks as in the training pictures, north and south of the equator.
SUMMER = {True: (5, 6, 7, 8, 9), False: (11, 12, 1, 2, 3)}
#: Minimum clear share of the picture.
SEEN = 0.9
#: Maximum relative difference of pixels and drawn areas from the sizes in training.
ABOUT = 0.15


def composite(cube: xr.Dataset, wanted: Sequence[str]) -> npt.NDArray[np.float32]:
    """Compute the median of the clear dates of each pixel, shape (bands, y, x); NaN without a clear date."""
    seen = usable(cube).transpose("time", "y", "x").values
    out = [quantile(np.where(seen, cube[b].transpose("time", "y", "x").values, np.nan), 0.5) for b in wanted]
    return np.stack(out).astype(np.float32)


def summer_picture(
    cube: xr.Dataset, start: str = "", end: str = "", months: Sequence[int] = (), area: Any = None
) -> dict[str, Any]:
    """Return the input picture of RSVQA: the middle 640 m of the cube, or of an area of that size.

    Parameters
    ----------
    start, end : str
        ISO days; without them, the last year.
    months : sequence of int
        Use only these months, which must be summer months.
    area : optional
        What ``Area.of`` takes.

    Returns
    -------
    dict
        ``values`` (bands, 64, 64), ``row`` and ``column`` of its upper left pixel, ``dates``.

    Raises
    ------
    InputError
        If bands, pixels, size or dates differ from the training data of the network.
    """
    from eowidgets.models.vqa.rsvqa.config import RSVQAConfig

    config = RSVQAConfig()
    missing = [b for b in config.bands if b not in bands(cube)]
    if missing:
        raise InputError(f"The network RSVQA needs the bands {', '.join(missing)}, which this cube lacks.")
    box, side = geobox(cube), config.side
    metres = _metres(box)
    if any(abs(m / config.metres - 1) > ABOUT for m in metres):
        raise InputError(
            f"The network RSVQA was trained on pixels of {config.metres:g} m, these have {metres[0]:.3g} m: ask "
            "without the network."
        )
    if min(box.shape) < side:
        raise InputError(
            f"The network RSVQA needs {side} × {side} pixels, the cube has {box.shape[0]} × {box.shape[1]}: ask "
            "without the network."
        )
    top, left = ((n - side) // 2 for n in box.shape)
    if area is not None:
        top, left = _corner(Area.of(area).mask(box), side)
    place = cube.isel(y=slice(top, top + side), x=slice(left, left + side))
    north = globe.extent(box)[1] >= 0
    cut = between(place, start, end) if start or end else year_around(place)
    chosen = [m for m in SUMMER[bool(north)] if not months or m in months]
    cut = cut.isel(time=np.isin(cut["time"].dt.month.values, chosen))
    if not cut.sizes["time"]:
        raise InputError("The network RSVQA was trained on summer pictures, but there is no summer date in that time.")
    values = composite(cut, config.bands)
    if np.isfinite(values).all(axis=0).mean() < SEEN:
        raise InputError("Less than nine tenths of the picture are free of cloud in that summer.")
    days = tuple(str(t)[:10] for t in cut["time"].values)
    return {"values": values, "row": int(top), "column": int(left), "dates": days}


def _metres(box: Any) -> tuple[float, float]:
    """Return width and height of a pixel in metres."""
    if box.crs.projected:
        unit = float(box.crs.proj.axis_info[0].unit_conversion_factor)
        return abs(box.resolution.x) * unit, abs(box.resolution.y) * unit
    _, south, _, north = globe.extent(box)
    shrunk = float(np.cos(np.deg2rad((north + south) / 2)))
    return abs(box.resolution.x) * 111_320 * shrunk, abs(box.resolution.y) * 110_574


def _corner(mask: npt.NDArray[np.bool_], side: int) -> tuple[int, int]:
    """Return the upper left pixel of the picture around an area, which must be about as large as the picture."""
    if not mask.any():
        raise InputError("The area does not touch the cube.")
    out = []
    extent = float(np.sqrt(mask.sum()))
    for axis in (1, 0):
        at = np.flatnonzero(mask.any(axis=axis))
        # A square along the parallels is rotated on most grids: its rows and columns may be a quarter more.
        if abs(extent / side - 1) > ABOUT or len(at) > 1.25 * side:
            raise InputError(
                f"The network RSVQA uses squares of {10 * side} m: draw an area of about that size, or ask without the network."
            )
        middle = (int(at[0]) + int(at[-1]) + 1) // 2
        out.append(int(np.clip(middle - side // 2, 0, mask.shape[1 - axis] - side)))
    return out[0], out[1]


def read_picture(picture: dict[str, Any], question: str) -> dict[str, Any]:
    """Predict the answer of RSVQA about a picture.

    Parameters
    ----------
    picture : dict
        From :func:`summer_picture`.
    question : str
        Question without dates.

    Returns
    -------
    dict
        ``answer`` (one of the list), ``value`` (True or False for yes and no), ``confidence`` 0..1, calibrated on
        simulated pictures, and ``second``, the second most probable answer.
    """
    import torch

    from eowidgets.models.vqa.answers import ANSWERS
    from eowidgets.models.vqa.cards import ready
    from eowidgets.models.vqa.rsvqa.network import picture_values

    rsvqa = ready("RSVQA")
    line = torch.tensor([rsvqa.read.encode(question, rsvqa.network.config.longest)])
    with torch.inference_mode():
        scores = rsvqa.network(picture_values(torch.from_numpy(picture["values"])[None]), line)[0]
    chance = (scores / rsvqa.temperature).softmax(-1)
    best, second = (ANSWERS[int(i)] for i in chance.argsort(descending=True)[:2])
    value: Any = {"yes": True, "no": False}.get(best, best)
    return {"answer": best, "value": value, "confidence": float(chance.max()), "second": second}

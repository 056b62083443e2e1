"""Which products can be merged into one cube, and the names of their bands in it."""

from __future__ import annotations

from collections.abc import Iterable

from eowidgets.cube.products import Sensor
from eowidgets.errors import InputError

#: Per set of products that are merged: product -> its name -> name in the merged cube, where these differ.
#: HLS: the narrow near infrared of S30 (B8A) is the band that matches B05 of L30 (HLS v2.0 User Guide, table 6).
_SAME_BAND: dict[frozenset[str], dict[str, dict[str, str]]] = {
    frozenset({"hls-l30", "hls-s30"}): {"hls-s30": {"nir08": "nir", "nir": "nir_broad"}},
}


def merged_names(sensors: Iterable[Sensor | None]) -> dict[str, dict[str, str]]:
    """Return the names that the bands of several products have in one cube.

    Parameters
    ----------
    sensors : iterable of Sensor or None
        Products of the files or items; None for one whose product is not known.

    Returns
    -------
    dict
        Product key -> common name -> name in the merged cube, for the bands that are renamed.

    Raises
    ------
    InputError
        If two of the products cannot be merged; the sentence names both.

    Examples
    --------
    >>> from eowidgets.cube.products import SENSORS
    >>> merged_names([SENSORS["hls-l30"], SENSORS["hls-s30"]])
    {'hls-s30': {'nir08': 'nir', 'nir': 'nir_broad'}}
    >>> merged_names([SENSORS["landsat-tm"], SENSORS["landsat-oli"]])
    {}
    """
    products: dict[str, Sensor | None] = {s.key if s else "": s for s in sensors}
    first, *others = products.values()
    for other in others:
        if first is None or other is None or _family(first) != _family(other):
            titles = [f"{s.title!r}" if s else "an unknown product" for s in (first, other)]
            raise InputError(
                f"The source mixes {titles[0]} and {titles[1]}, whose bands and scales differ: open each product "
                "separately."
            )
    return _SAME_BAND.get(frozenset(products), {})


def _family(sensor: Sensor) -> str:
    return sensor.family or sensor.key

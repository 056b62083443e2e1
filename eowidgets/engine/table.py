"""A result of rows: objects, labels or texts as a GeoDataFrame in the CRS of the cube."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.outputs import Gathered, Row
from eowidgets.errors import MissingExtraError


@dataclass(frozen=True)
class Table:
    """Layout of a result of rows, without the rows.

    Attributes
    ----------
    outputs : tuple of Gathered
        One output.
    geobox : odc.geo GeoBox
        Of the input.
    dates : array of datetime64
        Of the output.
    """

    outputs: tuple[Gathered, ...]
    geobox: Any
    dates: npt.NDArray[np.datetime64]

    stride = 1
    variables: tuple[Any, ...] = ()

    @property
    def output(self) -> Gathered:
        """The output."""
        return self.outputs[0]

    @property
    def height(self) -> int:
        """Rows of the input."""
        return int(self.geobox.shape[0])

    @property
    def nbytes(self) -> int:
        """Bytes of the result that are known before the run."""
        return 0

    def finish(self, records: Sequence[Row], attrs: Mapping[str, Any]) -> Any:
        """Join the records of all windows into a GeoDataFrame."""
        try:
            import geopandas
        except ImportError as error:
            raise MissingExtraError("A table of objects", "lab") from error
        from shapely.affinity import affine_transform

        joined = self.output.join(sorted(records, key=lambda r: r.window))
        a, b, c, d, e, f = tuple(self.geobox.affine)[:6]
        columns: dict[str, Any] = {name: [r.values[name] for r in joined] for name in self.output.columns}
        if self.output.over_time:
            columns["date"] = [self.dates[r.date] for r in joined if r.date is not None]
        places = [affine_transform(r.geometry, (a, b, d, e, c, f)) for r in joined]
        found = geopandas.GeoDataFrame(columns, geometry=places, crs=str(self.geobox.crs))
        if self.output.over_time:
            found["date"] = found["date"].astype("datetime64[ns]")
        found.attrs.update(attrs)
        return found


def to_json(records: Sequence[Row]) -> str:
    """Write records as lines of JSON, with geometries as well-known text of all digits."""
    lines = (
        json.dumps({"wkb": r.geometry.wkb.hex(), "values": dict(r.values), "date": r.date, "window": r.window}) + "\n"
        for r in records
    )
    return "".join(lines)


def from_json(text: str) -> list[Row]:
    """Invert :func:`to_json`.

    Raises
    ------
    ValueError, KeyError, TypeError
        For damaged text.
    """
    from shapely import wkb

    found = []
    for line in text.splitlines():
        row = json.loads(line)
        found.append(Row(wkb.loads(bytes.fromhex(row["wkb"])), dict(row["values"]), row["date"], int(row["window"])))
    return found


def moved(record: Row, x: int, y: int, date: int, window: int) -> Row:
    """Return a record of a window in pixels of the cube."""
    from shapely.affinity import translate

    when = None if record.date is None else record.date + date
    return replace(record, geometry=translate(record.geometry, x, y), date=when, window=window)

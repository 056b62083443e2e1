"""AlphaEarth Foundations: yearly rasters of 64 bands, ``A00`` to ``A63``, at 10 m.

Source of the format: Brown et al. (2025), "AlphaEarth Foundations", arXiv:2507.22291, and the description of the published
files (annual COGs per UTM zone, int8 with -128 for nodata, rows from south to north).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eowidgets.cube.sources.embeddings.tiles import Floats
from eowidgets.cube.sources.local import is_vrt, local_env
from eowidgets.cube.sources.rasterfile import Pixels, RasterFile
from eowidgets.errors import InputError, shown

SIZE = 64
NAMES = tuple(f"A{i:02d}" for i in range(SIZE))
NODATA = -128
TITLE = "AlphaEarth embeddings"
ATTRIBUTION = "The AlphaEarth Foundations Satellite Embedding dataset is produced by Google and Google DeepMind."


def decoded(codes: np.ndarray) -> Floats:
    """Return the values of int8 codes: ``sign(v) * (v / 127.5) ** 2``; NaN for -128.

    Examples
    --------
    >>> decoded(np.array([-128, -127, 0, 51], "int8")).round(3).tolist()
    [nan, -0.992, 0.0, 0.16]
    """
    found: Floats = _TABLE[codes.view(np.uint8)]
    return found


def _table() -> Floats:
    codes = np.arange(256, dtype="uint8").view("int8").astype("float64")
    values = np.sign(codes) * (codes / 127.5) ** 2
    return np.where(codes == NODATA, np.nan, values).astype("float32")


_TABLE = _table()


def may_be_alphaearth(path: Path) -> bool:
    """Return whether a file is a GeoTIFF of 64 bands; everything else about it is checked later."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    if is_vrt(path):
        return False
    try:
        with warnings.catch_warnings(), local_env():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, driver="GTiff") as file:
                return bool(file.count == SIZE)
    except (RasterioError, OSError):  # the reader of other formats raises the error
        return False


def is_alphaearth(file: RasterFile) -> bool:
    """Return whether a raster is an AlphaEarth file: by the names of its bands, or 64 bands of int8."""
    if file.count != SIZE:
        return False
    named = [str(d or "").upper() for d in file.descriptions]
    return tuple(named) == NAMES or (not any(named) and set(file.dtypes) == {"int8"})


@dataclass(frozen=True)
class AlphaEarth:
    """The vectors of an AlphaEarth file: codes of int8, or floats as other software exports them.

    Raises
    ------
    InputError
        If its numbers are of another type.
    """

    file: RasterFile

    def __post_init__(self) -> None:
        if set(self.file.dtypes) - {"int8", "float32", "float64"}:
            raise InputError(
                f"The bands of {shown(self.file.name)} are {', '.join(sorted(set(self.file.dtypes)))}, and AlphaEarth "
                "embeddings are int8 codes, or float32: get the original file, or convert the bands."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Bands, rows and columns."""
        return Pixels(self.file).shape

    def read(self, features: slice, rows: slice, columns: slice) -> Floats:
        """Read a part and decode it."""
        values = Pixels(self.file)[features, rows, columns]
        if values.dtype == np.int8:
            return decoded(values)
        fill = self.file.nodata[0]
        found: Floats = values.astype("float32")
        return found if fill is None else np.where(values == fill, np.float32("nan"), found)

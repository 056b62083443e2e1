"""Location of a grid on Earth: coordinates, scale bar and north arrow for the browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.cube import globe
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

#: Nodes per side of the lon/lat grid that the browser interpolates: within about 1 m on a Sentinel-2 tile, and for
#: grids of continents, which bend more.
_NODES, _MANY_NODES = 17, 49
#: Extent in metres from which a grid counts as one of a continent.
_WIDE = 500_000


@dataclass(frozen=True, slots=True)
class Place:
    """Grid to ground.

    Parameters
    ----------
    x0, y0 : float
        Outer corner (upper left) in the units of the CRS, or 0 where there is none.
    dx, dy : float
        Size of a pixel, both positive.
    width, height : int
        Of the full raster.
    crs : str
        ``"EPSG:32635"``, a WKT where there is no code, ``""`` where the cube has none.
    """

    x0: float
    y0: float
    dx: float
    dy: float
    width: int
    height: int
    crs: str

    @classmethod
    def of(cls, cube: xr.Dataset) -> Place:
        """Read the place of a cube; without coordinates, pixel numbers."""
        width, height = cube.sizes["x"], cube.sizes["y"]
        x, y = _axis(cube, "x"), _axis(cube, "y")
        fallback = _transform(cube)
        dx = abs(x[-1] - x[0]) / (width - 1) if width > 1 else abs(fallback[0])
        dy = abs(y[-1] - y[0]) / (height - 1) if height > 1 else abs(fallback[1])
        # A raster with one row or column has its pixel size only in its transform; else pixels count as square.
        dx, dy = dx or dy or 1.0, dy or dx or 1.0
        return cls(
            float(min(x[0], x[-1]) - dx / 2), float(max(y[0], y[-1]) + dy / 2), dx, dy, width, height, _crs(cube)
        )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in the CRS."""
        return (self.x0, self.y0 - self.height * self.dy, self.x0 + self.width * self.dx, self.y0)

    def to_lonlat(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """Convert coordinates of the CRS to longitude and latitude; None without a CRS."""
        if not self.crs:
            return None
        lon, lat = globe.transformer(self.crs, "EPSG:4326").transform(x, y)
        return np.asarray(lon), np.asarray(lat)

    @property
    def box(self) -> GeoBox:
        """The grid as an odc-geo GeoBox."""
        from affine import Affine
        from odc.geo.geobox import GeoBox

        return GeoBox((self.height, self.width), Affine(self.dx, 0, self.x0, 0, -self.dy, self.y0), self.crs)

    def from_lonlat(self, lon: Any, lat: Any) -> tuple[np.ndarray, np.ndarray]:
        """Convert longitude and latitude to coordinates of the CRS (unchanged without one)."""
        if not self.crs:
            return np.asarray(lon), np.asarray(lat)
        x, y = globe.transformer("EPSG:4326", self.crs).transform(lon, lat)
        return np.asarray(x), np.asarray(y)

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """Return column and row of a point of the CRS; may lie outside."""
        return int(np.floor((x - self.x0) / self.dx)), int(np.floor((self.y0 - y) / self.dy))

    @property
    def metres(self) -> float | None:
        """Width of a pixel on the ground at the middle of the grid, None without a CRS."""
        west, south, east, north = self.bounds
        here = self.to_lonlat([(west + east) / 2, (west + east) / 2 + self.dx], [(south + north) / 2] * 2)
        if here is None or not np.isfinite(here).all():
            return None
        from pyproj import Geod

        lon, lat = here
        return float(Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])[2])

    @property
    def north(self) -> float:
        """Direction of true north at the middle of the grid, degrees clockwise from up."""
        west, south, east, north = self.bounds
        x, y = (west + east) / 2, (south + north) / 2
        here = self.to_lonlat([x], [y])
        if here is None or not np.isfinite(here).all() or abs(here[1][0]) > 89.999:  # at a pole every way is south
            return 0.0
        tx, ty = self.from_lonlat(here[0], here[1] + 1e-4)
        return float(np.degrees(np.arctan2(tx[0] - x, ty[0] - y)))

    def head(self) -> dict[str, Any]:
        """Return the place as JSON for the browser.

        ``lon`` and ``lat`` are grids over the extent, rows from the north, with continuous longitudes. Where a pole is
        inside (``pole`` is 1 or -1), longitudes are not continuous, and the two are plane coordinates around it:
        polar distance in degrees times cosine and sine of the longitude.
        """
        west, south, east, north = self.bounds
        metric = bool(self.crs) and _unit(self.crs) != "°"
        nodes = _MANY_NODES if metric and max(east - west, north - south) > _WIDE else _NODES
        xs, ys = np.meshgrid(np.linspace(west, east, nodes), np.linspace(north, south, nodes))
        lonlat = self.to_lonlat(xs, ys)
        ok = lonlat is not None and bool(np.isfinite(lonlat).all())
        pole, a, b = 0, np.zeros(0), np.zeros(0)
        if ok and lonlat is not None:
            pole = next(iter(globe.poles(self.box)), 0)
            a, b = _around_pole(*lonlat, pole) if pole else (_continuous(lonlat[0]), lonlat[1])
        return {
            "x0": self.x0,
            "y0": self.y0,
            "dx": self.dx,
            "dy": self.dy,
            "crs": self.crs if len(self.crs) <= 20 else "a custom CRS",
            "unit": _unit(self.crs),
            "metres": self.metres,
            "north": self.north,
            "nodes": nodes if ok else 0,
            "pole": pole,
            "lon": np.round(a.ravel(), 9).tolist(),
            "lat": np.round(b.ravel(), 9).tolist(),
        }


def _continuous(lon: np.ndarray) -> np.ndarray:
    """Return longitudes without jumps, the westernmost in -180..180."""
    lon = np.unwrap(np.unwrap(lon, period=360, axis=0), period=360, axis=1)
    found: np.ndarray = lon - 360 * np.floor((lon.min() + 180 + 1e-6) / 360)
    return found


def _around_pole(lon: np.ndarray, lat: np.ndarray, pole: int) -> tuple[np.ndarray, np.ndarray]:
    distance, angle = 90 - pole * lat, np.radians(lon)
    return distance * np.cos(angle), distance * np.sin(angle)


def _axis(cube: xr.Dataset, dim: str) -> np.ndarray:
    if dim in cube.coords and cube[dim].dtype.kind in "fiu":
        values = cube[dim].to_numpy().astype(float)
        if np.isfinite(values).all():
            return values
    size = cube.sizes[dim]
    return np.arange(size) + 0.5 if dim == "x" else np.arange(size)[::-1] + 0.5


def _transform(cube: xr.Dataset) -> tuple[float, float]:
    for name in ("spatial_ref", "crs"):
        if name in cube.coords or name in cube:
            parts = str(cube[name].attrs.get("GeoTransform", "")).split()
            if len(parts) == 6:
                return float(parts[1]), float(parts[5])
    return 0.0, 0.0


def _crs(cube: xr.Dataset) -> str:
    import pyproj.exceptions
    import rasterio.errors
    import rioxarray  # noqa: F401  (gives .rio)

    try:
        crs = cube.rio.crs
    except (pyproj.exceptions.CRSError, rasterio.errors.CRSError):
        raise InputError(
            "The CRS that the cube states cannot be read: set it with  cube.drop_vars('spatial_ref').rio.write_crs('EPSG:...')."
        ) from None
    if crs is None:
        return ""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _unit(crs: str) -> str:
    if not crs:
        return "px"
    from pyproj import CRS

    name = CRS.from_user_input(crs).axis_info[0].unit_name
    return {"metre": "m", "degree": "°"}.get(name, name)

"""``cube.eow``: methods of a cube."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from eowidgets.arguments import DateLike, FilePath, Fraction, Latitude, Longitude, checked
from eowidgets.cube.lazy_accessors import register

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eowidgets.cube.area import AreaLike
    from eowidgets.cube.check import Report
    from eowidgets.cube.composite import How

register()


@xr.register_dataarray_accessor("eow")  # type: ignore[no-untyped-call]
@xr.register_dataset_accessor("eow")  # type: ignore[no-untyped-call]
@checked
class CubeAccessor:
    """Methods of a cube (see :mod:`eowidgets.cube.schema` for what a cube is).

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("bouconne")
    >>> cube.eow.bands[:4]
    ('blue', 'green', 'red', 'nir')
    >>> cube.eow.composite("median", "all").sizes["time"]
    1
    """

    def __init__(self, cube: xr.Dataset | xr.DataArray) -> None:
        from eowidgets.cube.layout import from_array

        self._given = from_array(cube) if isinstance(cube, xr.DataArray) else cube

    @property
    def _cube(self) -> xr.Dataset:
        from eowidgets.cube.admission import admit

        return admit(self._given, time=False, grid=False, coordinates=False)

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands."""
        from eowidgets.cube.schema import bands

        return bands(self._cube)

    @property
    def usable(self) -> xr.DataArray:
        """True where the ground was observed: measured, no cloud, no shadow."""
        from eowidgets.cube.schema import usable

        return usable(self._cube)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        from eowidgets.cube.grid import bounds

        return bounds(self._cube)

    @property
    def indices(self) -> tuple[str, ...]:
        """Names of the spectral indices that these bands allow."""
        from eowidgets.cube.indices import available

        return available(self._cube)

    def check(self) -> Report:
        """Report what is wrong with this cube and how to correct it; see :func:`eowidgets.cube.check.check`."""
        from eowidgets.cube.check import check

        return check(self._given)

    def index(self, name: str, **constants: float) -> xr.DataArray:
        """Return a spectral index by name; see :func:`eowidgets.cube.indices.index`."""
        from eowidgets.cube.indices import index

        return index(self._cube, name, **constants)

    def mask_clouds(self) -> xr.Dataset:
        """Return the cube with NaN in place of every value that is not usable; the masks are kept."""
        seen = self.usable
        masked = self._cube.copy()
        for name in self.bands:
            masked[name] = self._cube[name].where(seen).transpose(*self._cube[name].dims)
        return masked

    def robust_clouds(self) -> xr.Dataset:
        """Return the cube with a cloud mask that also covers clouds and shadows missed by the scene's mask.

        See :func:`eowidgets.cube.clouds.robust_clouds`.
        """
        from eowidgets.cube.clouds import robust_clouds

        return self._cube.assign(clouds=robust_clouds(self._cube))

    def cloud_cover(self) -> xr.DataArray:
        """Share of each date that was not observed, 0..1."""
        from eowidgets.cube.series import cloud_cover

        return cloud_cover(self._cube)

    def clearest(self, most: Fraction = 0.05) -> xr.Dataset:
        """Select the dates of which at most this share was not observed."""
        cube = self._cube
        cover = self.cloud_cover().values
        return cube.isel(time=cover <= max(most, cover.min()))

    def composite(self, how: How = "median", period: str = "month") -> xr.Dataset:
        """Combine cloudy frames into fewer clear ones; see :func:`eowidgets.cube.composite.composite`."""
        from eowidgets.cube.composite import composite

        return composite(self._cube, how, period)

    def select(self, bands: Iterable[str]) -> xr.Dataset:
        """Select bands; masks and layers are kept."""
        from eowidgets.errors import unknown

        wanted = list(bands)
        for name in wanted:
            if name not in self.bands:
                raise unknown("band", name, self.bands)
        return self._cube.drop_vars([b for b in self.bands if b not in wanted])

    def between(self, start: DateLike | None = None, end: DateLike | None = None) -> xr.Dataset:
        """Select the dates from ``start`` to ``end``, both included (``"2019"``, ``"2019-07"``, ``"2019-07-06"``)."""
        from eowidgets.errors import InputError, shown

        first, last = (None if day is None else str(day) for day in (start, end))
        try:
            cut = self._cube.sel(time=slice(first, last))
        except (ValueError, KeyError, TypeError):
            raise InputError(
                f"{shown(start)} to {shown(end)} are not dates: write them as 2019-07-06, 2019-07 or 2019."
            ) from None
        if not cut.sizes["time"]:
            first, last = (str(t)[:10] for t in self._cube.time.values[[0, -1]])
            raise InputError(
                f"There is no date from {shown(start)} to {shown(end)}: the cube runs from {first} to {last}."
            )
        return cut

    def at(self, lon: Longitude, lat: Latitude) -> xr.Dataset:
        """Return the series of the pixel that contains a point; see :func:`eowidgets.cube.series.at`."""
        from eowidgets.cube.series import at

        return at(self._cube, lon, lat)

    def clip(self, area: AreaLike) -> xr.Dataset:
        """Cut to an area; see :func:`eowidgets.cube.series.clip`."""
        from eowidgets.cube.series import clip

        return clip(self._cube, area)

    def series(self, area: AreaLike, indices: Iterable[str] = ()) -> xr.Dataset:
        """Return mean and standard deviation over an area along time; see :func:`eowidgets.cube.series.area_series`."""
        from eowidgets.cube.series import area_series

        return area_series(self._cube, area, indices)

    def to_geotiff(self, path: FilePath) -> Path:
        """Write one cloud-optimised GeoTIFF; see :func:`eowidgets.cube.export.to_geotiff`."""
        from eowidgets.cube.export import to_geotiff

        return to_geotiff(self._cube, path)

    def to_netcdf(self, path: FilePath) -> Path:
        """Write NetCDF-4; see :func:`eowidgets.cube.export.to_netcdf`."""
        from eowidgets.cube.export import to_netcdf

        return to_netcdf(self._cube, path)

    def to_zarr(self, path: FilePath) -> Path:
        """Write a Zarr store; see :func:`eowidgets.cube.export.to_zarr`."""
        from eowidgets.cube.export import to_zarr

        return to_zarr(self._cube, path)

    def summary(self) -> str:
        """Return a short description of the cube; the same cube always gives the same text."""
        from eowidgets.cube.summary import summary

        return summary(self._cube)

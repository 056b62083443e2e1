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
        """Return the names of the bands."""
        from eowidgets.cube.schema import bands

        return bands(self._cube)

    @property
    def usable(self) -> xr.DataArray:
        """Return where the ground was seen: measured, no cloud, no shadow."""
        from eowidgets.cube.schema import usable

        return usable(self._cube)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north in degrees."""
        from eowidgets.cube.grid import bounds

        return bounds(self._cube)

    @property
    def indices(self) -> tuple[str, ...]:
        """Return the names of the spectral indices that these bands allow."""
        from eowidgets.cube.indices import available

        return available(self._cube)

    def check(self) -> Report:
        """Report what is wrong with this cube and how to correct it; see :func:`eowidgets.cube.check.check`.

        Returns
        -------
        Report
            The problems, each with its correction; empty for a cube without any.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> bool(tiny_cube().eow.check())
        False
        """
        from eowidgets.cube.check import check

        return check(self._given)

    def index(self, name: str, **constants: float) -> xr.DataArray:
        """Return a spectral index by name; see :func:`eowidgets.cube.indices.index`.

        Parameters
        ----------
        name : str
            Short name of spyndex, such as ``"NDVI"``; upper or lower case.
        **constants : float
            Constants of the formula, such as ``L=0.5`` for SAVI.

        Returns
        -------
        DataArray, (time, y, x), float32
            The index; NaN where a band is missing or the formula divides by zero.

        Raises
        ------
        InputError
            If the index is unknown, a band is missing, or the formula lacks the constant.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> tiny_cube().eow.index("ndvi").dims
        ('time', 'y', 'x')
        """
        from eowidgets.cube.indices import index

        return index(self._cube, name, **constants)

    def mask_clouds(self) -> xr.Dataset:
        """Return the cube with NaN in place of every value that is not usable; the masks are kept.

        Returns
        -------
        Dataset
            A copy.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> bool(cube.eow.mask_clouds().red.where(cube.clouds).isnull().all())
        True
        """
        seen = self.usable
        masked = self._cube.copy()
        for name in self.bands:
            masked[name] = self._cube[name].where(seen).transpose(*self._cube[name].dims)
        return masked

    def robust_clouds(self) -> xr.Dataset:
        """Return the cube with a cloud mask that also covers clouds and shadows missed by the scene's mask.

        See :func:`eowidgets.cube.clouds.robust_clouds`.

        Returns
        -------
        Dataset
            A copy with another variable ``clouds``.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> tiny_cube(dates=6).eow.robust_clouds().clouds.dtype
        dtype('bool')
        """
        from eowidgets.cube.clouds import robust_clouds

        return self._cube.assign(clouds=robust_clouds(self._cube))

    def cloud_cover(self) -> xr.DataArray:
        """Return the share of each date that was not observed, 0 to 1.

        Returns
        -------
        DataArray, (time,)
            The share of pixels that are cloudy or were not measured.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> tiny_cube(dates=3).eow.cloud_cover().dims
        ('time',)
        """
        from eowidgets.cube.series import cloud_cover

        return cloud_cover(self._cube)

    def clearest(self, most: Fraction = 0.05) -> xr.Dataset:
        """Select the dates of which at most this share was not observed.

        Parameters
        ----------
        most : float
            Largest share of pixels that were not observed, 0 to 1. At least the clearest date is kept.

        Returns
        -------
        Dataset
            The dates that remain.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> tiny_cube(dates=12).eow.clearest(0.0).sizes["time"] >= 1
        True
        """
        cube = self._cube
        cover = self.cloud_cover().values
        return cube.isel(time=cover <= max(most, cover.min()))

    def composite(self, how: How = "median", period: str = "month") -> xr.Dataset:
        """Combine cloudy frames into fewer clear ones; see :func:`eowidgets.cube.composite.composite`.

        Parameters
        ----------
        how : {"median", "medoid", "maxndvi", "mean"}
            How the clear values of a period are combined.
        period : {"month", "season", "year", "all"}
            One frame per month, season or year, or one for all dates.

        Returns
        -------
        Dataset
            A cube with one date per period.

        Raises
        ------
        InputError
            If ``how`` or ``period`` is unknown, or a band that it needs is missing.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> tiny_cube(dates=12).eow.composite("median", "all").sizes["time"]
        1
        """
        from eowidgets.cube.composite import composite

        return composite(self._cube, how, period)

    def select(self, bands: Iterable[str]) -> xr.Dataset:
        """Select bands; masks and layers are kept.

        Parameters
        ----------
        bands : sequence of str
            Names of the bands.

        Returns
        -------
        Dataset
            The cube without the other bands.

        Raises
        ------
        InputError
            If a band does not exist.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> tiny_cube().eow.select(["red", "nir"]).eow.bands
        ('red', 'nir')
        """
        from eowidgets.errors import unknown

        wanted = list(bands)
        for name in wanted:
            if name not in self.bands:
                raise unknown("band", name, self.bands)
        return self._cube.drop_vars([b for b in self.bands if b not in wanted])

    def between(self, start: DateLike | None = None, end: DateLike | None = None) -> xr.Dataset:
        """Select the dates from ``start`` to ``end``, both included (``"2019"``, ``"2019-07"``, ``"2019-07-06"``).

        Parameters
        ----------
        start : date, optional
            First date; ``"2019"`` and ``"2019-07"`` mean their first day. None: from the beginning.
        end : date, optional
            Last date; ``"2019"`` and ``"2019-07"`` mean their last day. None: to the end.

        Returns
        -------
        Dataset
            The dates that remain.

        Raises
        ------
        InputError
            If one of both is no date, or no date of the cube lies between them.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> tiny_cube(dates=12).eow.between("2019-02", "2019-03").sizes["time"]
        4
        """
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
        """Return the series of the pixel that contains a point; see :func:`eowidgets.cube.series.at`.

        Parameters
        ----------
        lon : float
            Longitude in degrees.
        lat : float
            Latitude in degrees.

        Returns
        -------
        Dataset, (time,)
            All variables of the pixel.

        Raises
        ------
        InputError
            If the point lies outside the cube.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> west, south, east, north = cube.eow.bounds
        >>> cube.eow.at((west + east) / 2, (south + north) / 2).red.dims
        ('time',)
        """
        from eowidgets.cube.series import at

        return at(self._cube, lon, lat)

    def clip(self, area: AreaLike) -> xr.Dataset:
        """Cut to an area; see :func:`eowidgets.cube.series.clip`.

        Parameters
        ----------
        area : Area or what ``eow.Area.of`` takes
            The area.

        Returns
        -------
        Dataset
            The rectangle around the area, with NaN outside of it.

        Raises
        ------
        InputError
            If the area does not touch the cube.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> cube.eow.clip(cube.eow.bounds).sizes["x"]
        40
        """
        from eowidgets.cube.series import clip

        return clip(self._cube, area)

    def series(self, area: AreaLike, indices: Iterable[str] = ()) -> xr.Dataset:
        """Return mean and standard deviation over an area along time; see :func:`eowidgets.cube.series.area_series`.

        Parameters
        ----------
        area : Area or what ``eow.Area.of`` takes
            The area.
        indices : sequence of str
            Spectral indices to add.

        Returns
        -------
        Dataset, (time,)
            Mean, standard deviation and count per band and index; see :func:`eowidgets.cube.series.area_series`.

        Raises
        ------
        InputError
            If the area does not touch the cube, or an index is unknown.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> "ndvi" in cube.eow.series(cube.eow.bounds, ["NDVI"])
        True
        """
        from eowidgets.cube.series import area_series

        return area_series(self._cube, area, indices)

    def to_geotiff(self, path: FilePath) -> Path:
        """Write one cloud-optimised GeoTIFF; see :func:`eowidgets.cube.export.to_geotiff`.

        Parameters
        ----------
        path : str or Path
            File to write, ending with ``.tif``.

        Returns
        -------
        Path
            The file, or the folder of a series.

        Raises
        ------
        SourceError
            If the file cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> from eowidgets.testing import tiny_cube
        >>> path = Path(tempfile.mkdtemp()) / "cube.tif"
        >>> tiny_cube(("red",), dates=2).eow.to_geotiff(path).name
        'cube.tif'
        """
        from eowidgets.cube.export import to_geotiff

        return to_geotiff(self._cube, path)

    def to_netcdf(self, path: FilePath) -> Path:
        """Write NetCDF-4; see :func:`eowidgets.cube.export.to_netcdf`.

        Parameters
        ----------
        path : str or Path
            File to write, ending with ``.nc``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        SourceError
            If the file cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> from eowidgets.testing import tiny_cube
        >>> path = Path(tempfile.mkdtemp()) / "cube.nc"
        >>> tiny_cube(("red",), dates=2).eow.to_netcdf(path).name
        'cube.nc'
        """
        from eowidgets.cube.export import to_netcdf

        return to_netcdf(self._cube, path)

    def to_zarr(self, path: FilePath) -> Path:
        """Write a Zarr store; see :func:`eowidgets.cube.export.to_zarr`.

        Parameters
        ----------
        path : str or Path
            Store to write, ending with ``.zarr``.

        Returns
        -------
        Path
            The store.

        Raises
        ------
        SourceError
            If the store cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> from eowidgets.testing import tiny_cube
        >>> path = Path(tempfile.mkdtemp()) / "cube.zarr"
        >>> tiny_cube(("red",), dates=2).eow.to_zarr(path).name
        'cube.zarr'
        """
        from eowidgets.cube.export import to_zarr

        return to_zarr(self._cube, path)

    def summary(self) -> str:
        """Return a short description of the cube; the same cube always gives the same text.

        Returns
        -------
        str
            The same text every time.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> tiny_cube(dates=3).eow.summary().splitlines()[1]
        '3 dates, 2019-01-05 to 2019-02-06'
        """
        from eowidgets.cube.summary import summary

        return summary(self._cube)

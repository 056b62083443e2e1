"""Combine land, seasons, events and sky into a cube with known reference data."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube.labels import LAND_CLASSES as CLASSES
from eowidgets.errors import InputError, unknown
from eowidgets.simulate.events import EVENTS, Event, draw_event
from eowidgets.simulate.land import BANDS, Land, mosaic
from eowidgets.simulate.seasons import Growth, seasons_dataset
from eowidgets.simulate.sky import draw_sky, weigh
from eowidgets.simulate.texture import anywhere, speckle, white

WAVELENGTHS = (490, 560, 665, 705, 740, 783, 842, 865, 1610, 2190)
LOOKS = 5.0
SENSOR_NOISE = 0.0015
#: Share of acquisitions that are dropped at random, so that dates are irregular like real ones.
LOST = 0.2
DARKEST = np.float32(1e-4)
#: Pixels per chunk: few enough for the processor's cache, enough that two threads seldom wait for each other.
STRIP = 40_000


@dataclass(slots=True)
class Scene:
    """A simulated series and its reference data.

    Attributes
    ----------
    cube : xarray.Dataset
        Simulated observations: bands, ``vv`` and ``vh`` (dB), ``valid``, ``clouds``.
    clear : xarray.Dataset
        The same bands without clouds, haze, noise and calibration errors: the surface itself.
    classes : xarray.DataArray, dims (time, y, x), uint8
        Land cover on every date; values are those of :data:`~eowidgets.cube.labels.LAND_CLASSES`.
    events : tuple of Event
        Kind, time and place of the events, in order of time.
    growth : Growth, optional
        Growth model of the land, for :meth:`seasons`.
    """

    cube: xr.Dataset
    clear: xr.Dataset
    classes: xr.DataArray
    events: tuple[Event, ...]
    growth: Growth | None = None

    def seasons(self, years: Sequence[int] | None = None, threshold: float = 0.5) -> xr.Dataset:
        """Return the true start, peak, end, amplitude and base of NDVI of every pixel and calendar year.

        Parameters
        ----------
        years : sequence of int, optional
            By default those of the cube.
        threshold : float
            Share of the amplitude at which a season starts and ends.

        Returns
        -------
        Dataset (year, y, x)
            See :meth:`~eowidgets.simulate.seasons.Growth.seasons`.

        Raises
        ------
        InputError
            For a scene without growth model.
        """
        if self.growth is None:
            raise InputError("The scene has no growth model: create it with simulate(...).")
        if years is None:
            years = np.unique(self.cube["time"].values.astype("datetime64[Y]").astype(int) + 1970).tolist()
        return seasons_dataset(self.clear, self.growth.seasons(years, threshold), years)


def simulate(
    *,
    height: int = 128,
    width: int = 128,
    start: str = "2018-01-01",
    end: str = "2019-12-31",
    revisit: int = 10,
    bands: Sequence[str] = BANDS,
    radar: bool = True,
    events: Sequence[str] = tuple(EVENTS),
    event_count: int = 6,
    cloud_cover: float = 0.45,
    resolution: float = 10.0,
    lonlat: tuple[float, float] = (15.0, 48.0),
    seed: int = 0,
) -> Scene:
    """Simulate a satellite time series of a fictitious place.

    Spectra come from real scenes (see :mod:`eowidgets.simulate.land`); parcels differ in brightness,
    seasons shift and strengthen from year to year, clouds are thick or thin and cast shadows away from the sun,
    haze and viewing angle add noise, and Sentinel-1 backscatter follows the same parcels and events with speckle.

    Parameters
    ----------
    height, width : int
        Pixels, at least 16 each.
    start, end : str
        First and last possible day.
    revisit : int
        Days between passes; about a fifth of them are dropped, so dates are irregular.
    bands : sequence of str
        Some of the ten Sentinel-2 bands of 10 and 20 m.
    radar : bool
        Add ``vv`` and ``vh`` on the same dates.
    events : sequence of str
        Kinds of events to draw from: clear-cut, burn, construction, flood, harvest.
    event_count : int
        Number of events (fewer if there is no room).
    cloud_cover : float
        Mean share of the sky under cloud, 0..0.95.
    resolution : float
        Metres per pixel.
    lonlat : (float, float)
        Centre in degrees; sets the UTM zone and the height of the sun.
    seed : int
        The same seed gives the same scene, bit for bit.

    Returns
    -------
    Scene

    Raises
    ------
    InputError
        For an unknown band or event, or a size, period or cover out of range.

    Examples
    --------
    >>> scene = simulate(height=32, width=32, end="2018-06-30", seed=1)
    >>> scene.cube.sizes["time"] == scene.classes.sizes["time"]
    True
    """
    first, last = _check(height, width, start, end, revisit, bands, events, event_count, cloud_cover, resolution)
    rng = np.random.default_rng(seed)
    shape = (height, width)
    land = mosaic(shape, rng)
    days = np.arange(first, last + 1, revisit)
    days = days[(rng.random(len(days)) >= LOST) | (np.arange(len(days)) == 0)]
    drawn = _draw_events(events, event_count, land, (first, last), shape, rng)
    year_shift = {year: rng.normal(0, 6) for year in range(1970, 2100)}
    year_level = {year: rng.uniform(0.85, 1.05) for year in range(1970, 2100)}
    seeds = rng.integers(0, 2**63, len(days))
    index = [BANDS.index(b) for b in bands]
    brown, growth = _ground(land, index)
    n = len(days)
    strips = [slice(r, r + STRIP // width + 1) for r in range(0, height, STRIP // width + 1)]
    clear = np.empty((len(bands), n, *shape), np.float32)
    seen = np.empty_like(clear)
    backscatter = np.empty((2 if radar else 0, n, *shape), np.float32)
    classes = np.empty((n, *shape), np.uint8)
    clouds = np.empty((n, *shape), bool)

    def one(i: int) -> None:
        """Simulate one date; dates are independent, so they are computed in parallel."""
        mine = np.random.default_rng(seeds[i])
        date = np.datetime64(int(days[i]), "D")
        year = int(str(date)[:4])
        day = float((date - np.datetime64(f"{year}-01-01")) / np.timedelta64(1, "D")) + 1
        now = [(e, p) for e, p in drawn if e.start <= date and (e.end is None or date < e.end)]
        parcel = _parcels_on(land, now)
        np.take(land.cover, parcel, out=classes[i], mode="clip")
        greenness = land.greenness(day, year_shift[year], year_level[year])
        green = np.take(greenness, parcel, mode="clip")
        cover = float(mine.beta(0.5 * cloud_cover + 0.05, 0.5 * (1 - cloud_cover) + 0.05)) if cloud_cover > 0 else 0.0
        sky = draw_sky(shape, day, cover, resolution, lonlat[1], mine)
        clouds[i] = sky.mask
        wa, fa, wb, fb = weigh(sky, index)
        noise = [anywhere(white(51, SENSOR_NOISE), shape, mine) for _ in index]
        for rows in strips:
            ground = np.multiply(growth[:, rows], green[rows], out=clear[:, i, rows])
            ground += brown[:, rows]
        for event, left in now:
            spectrum = land.low[left] + greenness[left] * (land.high[left] - land.low[left])
            clear[:, i, event.mask] = spectrum[index, None] * land.texture[event.mask]
        for rows in strips:
            # All bands at once: a matrix product reads the few fields once, and writes each band once.
            pixel, added = (np.tensordot(w, f[:, rows], 1) for w, f in ((wa, fa), (wb, fb)))
            pixel *= clear[:, i, rows]
            pixel += added
            for k, grain in enumerate(noise):
                pixel[k] += grain[rows]
            np.maximum(pixel, DARKEST, out=seen[:, i, rows])
        for k in range(len(backscatter)):
            tone = land.radar[:, k] + greenness * (land.radar[:, k + 2] - land.radar[:, k])
            np.take(tone, parcel, out=backscatter[k, i], mode="clip")
            backscatter[k, i] += anywhere(speckle(LOOKS, 52), shape, mine)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(n)))

    grid = _placed(_coords(days, shape, resolution, lonlat), lonlat)
    dims = ("time", "y", "x")
    truth = {b: (dims, clear[k], _attrs(b)) for k, b in enumerate(bands)}
    measured = {b: (dims, seen[k], _attrs(b)) for k, b in enumerate(bands)}
    for k, name in enumerate(("vv", "vh")[: len(backscatter)]):
        measured[name] = (dims, backscatter[k], {"long_name": f"backscatter {name.upper()}", "units": "dB"})
    masks = {"valid": (dims, np.ones((n, *shape), bool)), "clouds": (dims, clouds)}
    cube = grid.assign(measured).assign(masks)
    cube.attrs = {
        "title": f"Simulated scene {seed}",
        "sensor": "sentinel2-l2a",
        "source": f"eowidgets simulator, seed {seed}",
        "attribution": "Simulated; spectra from modified Copernicus Sentinel data",
    }
    names = "; ".join(f"{value} {name}" for value, name, _ in CLASSES)
    about = {"role": "result", "long_name": f"land cover: {names}"}
    cover = grid.assign(classes=(dims, classes, about))["classes"]
    happened = tuple(sorted((event for event, _ in drawn), key=lambda e: e.start))
    return Scene(cube, grid.assign(truth), cover, happened, Growth(land, year_shift, year_level, drawn))


def _draw_events(
    kinds: Sequence[str],
    count: int,
    land: Land,
    period: tuple[int, int],
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> list[tuple[Event, int]]:
    taken = np.zeros(shape, bool)
    margin = (period[1] - period[0]) // 10  # leaves dates before and after every event
    drawn = []
    for i in range(count if kinds else 0):
        kind = kinds[i % len(kinds)] if i < len(kinds) else kinds[int(rng.integers(len(kinds)))]
        made = draw_event(kind, land, taken, (period[0] + margin, period[1] - margin), rng)
        if made is not None:
            drawn.append(made)
    return drawn


def _ground(land: Land, index: list[int]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return reflectance of every pixel at its brownest, and the increment for full greenness, both (bands, h, w)."""
    brown, growth = (np.empty((len(index), *land.parcel.shape), np.float32) for _ in range(2))
    for k, b in enumerate(index):
        for table, out in ((land.low[:, b], brown[k]), (land.high[:, b] - land.low[:, b], growth[k])):
            np.take(table, land.parcel, out=out, mode="clip")
            out *= land.texture
    return brown, growth


def _parcels_on(land: Land, now: list[tuple[Event, int]]) -> npt.NDArray[np.intp]:
    if not now:
        return land.parcel
    parcel = land.parcel.copy()
    for event, left in now:
        parcel[event.mask] = left
    return parcel


def _coords(
    days: npt.NDArray[np.int64], shape: tuple[int, int], resolution: float, lonlat: tuple[float, float]
) -> dict[str, npt.NDArray[np.generic]]:
    from pyproj import Transformer

    east, north = Transformer.from_crs(4326, _utm(lonlat), always_xy=True).transform(*lonlat)
    east, north = round(east / resolution) * resolution, round(north / resolution) * resolution
    return {
        "time": days.astype("datetime64[D]").astype("datetime64[ns]"),
        "y": north + resolution * (shape[0] / 2 - 0.5 - np.arange(shape[0])),
        "x": east + resolution * (np.arange(shape[1]) + 0.5 - shape[1] / 2),
    }


def _utm(lonlat: tuple[float, float]) -> int:
    zone = min(int((lonlat[0] + 180) // 6) + 1, 60)
    return (32600 if lonlat[1] >= 0 else 32700) + zone


def _placed(coords: dict[str, npt.NDArray[np.generic]], lonlat: tuple[float, float]) -> xr.Dataset:
    """Return an empty dataset on the grid: rioxarray copies the dataset, so the CRS is written before the data."""
    import odc.geo.xr  # noqa: F401
    import rioxarray  # noqa: F401

    placed: xr.Dataset = xr.Dataset(coords=coords).rio.write_crs(f"EPSG:{_utm(lonlat)}").rio.write_transform()
    return placed


def _attrs(band: str) -> dict[str, str | int]:
    return {"long_name": band, "units": "1", "center_wavelength": WAVELENGTHS[BANDS.index(band)]}


def _check(
    height: int,
    width: int,
    start: str,
    end: str,
    revisit: int,
    bands: Sequence[str],
    events: Sequence[str],
    event_count: int,
    cloud_cover: float,
    resolution: float,
) -> tuple[int, int]:
    """Refuse invalid arguments; return the first and last day since 1970."""
    for name in bands:
        if name not in BANDS:
            raise unknown("band", name, BANDS)
    if not bands:
        raise InputError("The simulator needs at least one band.")
    for kind in events:
        if kind not in EVENTS:
            raise unknown("event", kind, EVENTS)
    if min(height, width) < 16:
        raise InputError(f"A scene of {height} x {width} pixels is too small: give at least 16 x 16.")
    if not 0 <= cloud_cover <= 0.95:
        raise InputError(f"cloud_cover is {cloud_cover}: give a share from 0 to 0.95.")
    if revisit < 1 or event_count < 0 or not resolution > 0:
        raise InputError("revisit must be at least 1 day, event_count 0 or more, resolution above 0 m.")
    try:
        first, last = (int(np.datetime64(d, "D").astype(np.int64)) for d in (start, end))
    except ValueError as error:
        raise InputError(f"The period {start} to {end} is invalid: write both dates like 2018-01-31.") from error
    if last < first:
        raise InputError(f"The period ends ({end}) before it begins ({start}): swap them.")
    return first, last

"""Cost of work before it starts: pixels, bytes, and the time here and on a cluster, without reading pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import xarray as xr

from eowidgets.contract.model import Model
from eowidgets.contract.prepare import wanted_bands
from eowidgets.contract.registry import get_model
from eowidgets.cube import schema
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import georeference
from eowidgets.cube.vectors import as_bands
from eowidgets.engine import device as dev
from eowidgets.engine import speeds
from eowidgets.engine.workload import cut_to

#: Number of workers of the stated cluster time if there is no client.
WORKERS = 4
#: Seconds to send a model to workers and to collect the last results.
START = 2.0


@dataclass(frozen=True)
class Planned:
    """Size of work before it starts.

    Attributes
    ----------
    kind : str
        Work of the same kind has the same speed.
    pixels, dates : int
    bytes : int
        Bytes that are read, as they lie in memory, each pixel once. Windows of a model that looks around a pixel overlap, and
        read their edges again.
    """

    kind: str
    pixels: int
    dates: int
    bytes: int

    @classmethod
    def of(cls, kind: str, cube: xr.Dataset, area: Any = None, bands: tuple[str, ...] | None = None) -> Planned:
        """Return the size of work on the rectangle around an area; ``bands`` are those that are read, with the masks of the cube.

        Raises
        ------
        InputError
            When the area lies outside the cube.
        """
        part = cube if area is None else cut_to(cube, area)[0]
        names = schema.bands(part) if bands is None else bands
        read = [part[n] for n in (*names, *schema.MASKS) if n in part]
        pixels = part.sizes["y"] * part.sizes["x"]
        return cls(kind, pixels, part.sizes.get("time", 1), sum(v.nbytes for v in read))

    @property
    def size(self) -> int:
        """Pixels times dates."""
        return self.pixels * self.dates


@dataclass(frozen=True)
class Cost:
    """Cost of work.

    Attributes
    ----------
    planned : Planned
    seconds : float or None
        On this machine, from measured times of such work here; None if it was never done here.
    workers : int
    """

    planned: Planned
    seconds: float | None
    workers: int = WORKERS

    @property
    def shared_seconds(self) -> float | None:
        """Time on ``workers`` workers like this machine: reading and computing are shared, and :data:`START` is added."""
        return None if self.seconds is None else START + self.seconds / self.workers

    @property
    def sentence(self) -> str:
        """The cost in one line.

        Examples
        --------
        >>> Cost(Planned("run", 12_400_000, 1, 310_000_000), 120.0).sentence
        '12.4 Mpx · 310 MB · about 2 min here, 32 s on 4 workers'
        """
        size = f"{pixels_in_words(self.planned.pixels, self.planned.dates)} · {bytes_in_words(self.planned.bytes)}"
        shared = self.shared_seconds
        if self.seconds is None or shared is None:
            return f"{size} · time not measured here yet"
        here = f"about {seconds_in_words(self.seconds)} here"
        more = f", {seconds_in_words(shared)} on {self.workers} workers" if shared < self.seconds else ""
        return f"{size} · {here}{more}"

    @property
    def brief(self) -> str:
        """The cost in one line, without bytes: for work of which only the pixels are known before.

        Examples
        --------
        >>> Cost(Planned("ask grounded", 12_400_000, 30, 0), 3.0).brief
        'at most 12.4 Mpx × 30 dates · about 3 s here'
        """
        size = pixels_in_words(self.planned.pixels, self.planned.dates)
        took = "time not measured here yet" if self.seconds is None else f"about {seconds_in_words(self.seconds)} here"
        return f"at most {size} · {took}"

    @property
    def method(self) -> str:
        """Explanation of the figures, in words."""
        return (
            "Bytes: bands and masks of the area and dates as they lie in memory, each pixel once. Time here: how long such "
            f"work took on this machine, by pixels and dates. On {self.workers} workers: reading and computing shared by "
            f"machines like this one, and {START:g} s to start; workers on this machine share its cores."
        )


def planned_run(
    model: str | Model | type[Model],
    cube: xr.Dataset,
    area: Any = None,
    *,
    device: str = "auto",
    params: dict[str, Any] | None = None,
) -> Planned:
    """Return the size of a run of a model, as :func:`eowidgets.run` reads it."""
    made = get_model(model, **(params or {}))
    ready = georeference(as_bands(admit(cube)))
    made.adapt(schema.bands(ready))
    return Planned.of(run_kind(made, device), ready, area, wanted_bands(made, ready))


def run_kind(model: Model, device: str) -> str:
    """Return the kind of a run of a model."""
    return f"run {model.name} {dev.pick_device(device).type}"


def cost_of(planned: Planned, client: Any = None) -> Cost:
    """Return the cost of work from measured times of such work here; with a Dask client, for its workers."""
    return Cost(planned, speeds.seconds_of(planned.kind, planned.size), workers_of(client))


def workers_of(client: Any) -> int:
    """Return the number of workers of a client; the usual one without a client or workers."""
    if client is None:
        return WORKERS
    return len(client.scheduler_info(n_workers=-1)["workers"]) or WORKERS


def took(planned: Planned, seconds: float) -> None:
    """Store how long work took here."""
    speeds.note(planned.kind, planned.size, seconds)


def pixels_in_words(pixels: int, dates: int) -> str:
    """Return a number of pixels, with that of the dates if there are several."""
    if pixels < 1_000:
        count = f"{pixels} px"
    elif pixels < 100_000:
        count = f"{pixels / 1e3:.3g} kpx"
    else:
        count = f"{pixels / 1e6:.3g} Mpx"
    return count if dates == 1 else f"{count} × {dates} dates"


def bytes_in_words(count: int) -> str:
    """Return a size, as ``310 MB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"


def seconds_in_words(seconds: float) -> str:
    """Return a time, as ``40 s`` or ``2 min``."""
    if seconds < 90:
        return f"{max(seconds, 0.1):.2g} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"

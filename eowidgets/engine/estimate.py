"""What a run will cost, measured on a small window before it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import xarray as xr

from eowidgets.arguments import Count, Memory, Pixels, checked
from eowidgets.contract.model import Model
from eowidgets.cube.area import AreaLike
from eowidgets.cube.facts_table import facts_table
from eowidgets.deprecation import keyword_only
from eowidgets.engine import device as dev
from eowidgets.engine.cost import WORKERS, Cost, Planned, bytes_in_words, run_kind, seconds_in_words, workers_of
from eowidgets.engine.cost import took as took_here
from eowidgets.engine.plan import Limits, Precision
from eowidgets.engine.predict import Piece
from eowidgets.engine.workload import make_workload
from eowidgets.system import parse_bytes

if TYPE_CHECKING:
    from distributed import Client


@checked
@dataclass(frozen=True)
class Estimate:
    """Cost of a run.

    Parameters
    ----------
    seconds : float
        Time on this machine: that of the model, or of reading where it is slower; writing comes on top.
    bytes : int
        Main memory that the run takes in addition to input and result.
    result_bytes : int
        Size of the result in memory, or uncompressed on disk.
    pixels, dates : int
    read_bytes : int
        Bytes that are read, as they lie in memory, each pixel once.
    workers : int
        Of the client; 4 without one.
    shared_seconds : float
        Time on as many workers like this machine, which share reading and computing.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.testing import tiny_cube
    >>> eow.estimate("fill-linear", tiny_cube()).dates
    12
    """

    seconds: float
    bytes: int
    result_bytes: int
    pixels: int
    dates: int
    read_bytes: int = 0
    workers: int = WORKERS
    shared_seconds: float = 0.0

    def __str__(self) -> str:
        total = bytes_in_words(self.bytes + self.result_bytes)
        shared = f", {seconds_in_words(self.shared_seconds)} on {self.workers} workers"
        return (
            f"{self.pixels / 1e6:.2g} Mpx × {self.dates} dates: about {seconds_in_words(self.seconds)} here"
            f"{shared if self.shared_seconds < self.seconds else ''}; {bytes_in_words(self.read_bytes)} read, {total} of memory"
        )

    def _repr_html_(self) -> str:
        facts = {
            "pixels": f"{self.pixels:,}",
            "dates": self.dates,
            "time here": seconds_in_words(self.seconds),
            f"time on {self.workers} workers": seconds_in_words(self.shared_seconds) if self.shared_seconds else "",
            "read": bytes_in_words(self.read_bytes),
            "memory": bytes_in_words(self.bytes + self.result_bytes),
            "result": bytes_in_words(self.result_bytes),
        }
        return facts_table("Estimate of a run", facts)


@keyword_only("area", ends="0.3")
@checked
def estimate(
    model: str | Model | type[Model],
    cube: xr.Dataset,
    *,
    area: AreaLike | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    window: Pixels | None = None,
    batch: Count | None = None,
    precision: Precision = "auto",
    client: Client | None = None,
    **params: Any,
) -> Estimate:
    """Estimate the cost of a run with the same arguments.

    One batch from the middle of the cube is run twice here; the second is timed. Small cubes are judged by
    one window, so this takes a fraction of the run itself. With a ``client``, its workers are counted; without one, the time
    on 4 workers is given.

    Parameters
    ----------
    model : str, Model or Model class
        Name of a registered model, or your own.
    cube : Dataset
        What the model is run on.
    area : optional
        Where to compute: whatever ``eow.Area.of`` takes. By default the whole cube.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    memory : str or float
        Main memory that the run may take, such as ``"2GB"``, or bytes.
    window : int, optional
        Side of the windows in pixels; chosen if not given.
    batch : int, optional
        Windows per batch; chosen if not given.
    precision : {"auto", "float32", "bfloat16", "float16"}
        Number format of the network.
    client : dask.distributed.Client, optional
        Cluster whose workers are counted.
    **params : object
        Parameters of the model.

    Returns
    -------
    Estimate
        Seconds, bytes, pixels and dates.

    Raises
    ------
    InputError, ModelError
        If an argument is wrong, or the model does not run on this cube.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.testing import tiny_cube
    >>> cost = eow.estimate("fill-linear", tiny_cube())
    >>> cost.pixels, cost.dates
    (1600, 12)
    """
    limits = Limits(parse_bytes(memory), window, batch, precision)
    task = make_workload(model, cube, area, device=device, params=params)
    task.learn()
    plan = task.plan(limits, lambda _: None, lambda: None)
    grid = plan.grid(task.shape)
    i, j, k = len(grid.y) // 2, len(grid.x) // 2, len(grid.t) // 2
    y, x, t = grid.y.window(i), grid.x.window(j), grid.t.window(k)
    with task.strips(plan) as strips:
        began = time.perf_counter()
        block = strips.reader(y, x)
        reading = time.perf_counter() - began
        pieces = [Piece(block, y, x, t)] * min(plan.batch, 4)
        for _ in range(2):
            began = time.perf_counter()
            for _found in strips.predictor(pieces):
                pass
            took = time.perf_counter() - began
    frame, dates = task.frame, task.shape[0]
    size, area_pixels = frame.nbytes, task.shape[1] * task.shape[2]
    # Reading runs in parallel to the model: the slower of the two determines the time.
    seconds = max(took / len(pieces), reading / len(grid.t)) * grid.windows
    dev.release(dev.pick_device(task.device))
    planned = Planned.of(run_kind(task.model, task.device), task.cube, None, task.site.bands)
    took_here(planned, seconds)
    cost = Cost(planned, seconds, workers_of(client))
    return Estimate(
        seconds, plan.bytes, size, area_pixels, dates, planned.bytes, cost.workers, cost.shared_seconds or seconds
    )

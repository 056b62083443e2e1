"""What a run will cost, measured on a small window before it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import xarray as xr

from eowidgets.arguments import Count, Memory, Pixels, checked
from eowidgets.contract.model import Model
from eowidgets.cube.area import AreaLike
from eowidgets.engine import device as dev
from eowidgets.engine.plan import Limits, Precision
from eowidgets.engine.predict import Piece
from eowidgets.engine.workload import make_workload
from eowidgets.system import parse_bytes


@checked
@dataclass(frozen=True)
class Estimate:
    """Cost of a run.

    Attributes
    ----------
    seconds : float
        Time that the model takes; reading a slow source or writing comes on top.
    bytes : int
        Main memory that the run takes beside input and result.
    result_bytes : int
        Size of the result in memory, or uncompressed on disk.
    pixels, dates : int
    """

    seconds: float
    bytes: int
    result_bytes: int
    pixels: int
    dates: int

    def __str__(self) -> str:
        total = (self.bytes + self.result_bytes) / 1e9
        return f"{self.pixels / 1e6:.2g} Mpx × {self.dates} dates: about {_duration(self.seconds)}, {total:.2g} GB"


@checked
def estimate(
    model: str | Model | type[Model],
    cube: xr.Dataset,
    area: AreaLike | None = None,
    *,
    device: str = "auto",
    memory: Memory = "2GB",
    window: Pixels | None = None,
    batch: Count | None = None,
    precision: Precision = "auto",
    **params: Any,
) -> Estimate:
    """Tell what :func:`~eowidgets.engine.run.run` with the same arguments will cost.

    One batch from the middle of the cube is run twice; the second is timed. Small cubes are judged by
    one window, so this takes a fraction of the run itself.

    Raises
    ------
    InputError, ModelError
        As ``run`` does.
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
    size = frame.nbytes
    # Reading runs beside the model: the slower of the two sets the pace.
    seconds = max(took / len(pieces), reading / len(grid.t)) * grid.windows
    dev.release(dev.pick_device(task.device))
    return Estimate(seconds, plan.bytes, size, task.shape[1] * task.shape[2], dates)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 0.1):.2g} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"

"""Chooses windows, batches and strips so that a run stays within its memory, from measured needs of the model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
import torch

from eowidgets.arguments import Count, Pixels, checked
from eowidgets.contract.feeds import Feed
from eowidgets.contract.outputs import Gathered, Mosaic
from eowidgets.engine import device as dev
from eowidgets.engine.blame import blame
from eowidgets.engine.fitted import Fitted
from eowidgets.engine.predict import Piece, Predictor, Site
from eowidgets.engine.reader import RasterBlock
from eowidgets.engine.windows import Axis, Grid, round_up
from eowidgets.errors import InputError, ModelError

#: Larger windows save little (the halo is a small share already) and cost memory and quick cancelling.
LARGEST = 512
PROBES = (64, 128)
#: Pixels times dates in one batch: enough to keep a device busy, few enough to stop soon (and, on a CPU, for its caches).
BATCH_PIXELS = {"cpu": 1 << 18, "mps": 1 << 22, "cuda": 1 << 25}
#: Factor on the measured memory, which lacks the scratch space inside operations.
MARGIN = 1.5


Precision = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True)
class Plan:
    """Settings of a run; the same plan on the same input gives the same result.

    Attributes
    ----------
    window : (int, int)
        Rows and columns of the model's input, halo included.
    halo, dates, date_halo : int
    blend : int, optional
        As in :class:`~eowidgets.Windows`.
    batch : int
        Windows at a time.
    columns : int
        Windows of one row that are read together.
    rows : int
        Height of the strips that are written.
    precision : {"fp32", "bf16"}
    bytes : int
        Expected peak of a run, in memory of the machine.
    step : int
        Windows start at multiples of this.
    """

    window: tuple[int, int]
    halo: int
    dates: int
    date_halo: int
    batch: int
    columns: int
    rows: int
    precision: str
    bytes: int
    blend: int | None = None
    step: int = 1

    def grid(self, shape: tuple[int, int, int]) -> Grid:
        """Return the windows over a cube of shape (t, y, x)."""
        t, y, x = shape
        return Grid(
            Axis(t, self.dates, self.date_halo),
            Axis(y, self.window[0], self.halo, self.blend, self.step),
            Axis(x, self.window[1], self.halo, self.blend, self.step),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain values."""
        return {**asdict(self), "window": list(self.window)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Plan:
        """Undo :meth:`to_json`; other keys are left out, and what an older file lacks has its default."""
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values or f.name not in ("blend", "step")}
        return cls(**{**known, "window": tuple(values["window"])})


#: Plan of a run whose settings are not chosen yet.
NO_PLAN = Plan((0, 0), 0, 0, 0, 0, 0, 0, "", 0)


@checked
@dataclass(frozen=True)
class Limits:
    """Settings of the user; None means that the engine chooses."""

    memory: int
    window: Pixels | None = None
    batch: Count | None = None
    precision: Precision = "auto"


def make_plan(
    model: Fitted,
    reader: Callable[[slice, slice], RasterBlock],
    site: Site,
    outputs: tuple[Mosaic | Gathered, ...],
    shape: tuple[int, int, int],
    device: torch.device,
    limits: Limits,
    *,
    log: Callable[[str], None] = lambda _: None,
    checkpoint: Callable[[], None] = lambda: None,
) -> Plan:
    """Choose the settings of a run over a cube of ``shape`` (t, y, x).

    The model is run on one or two small windows from the middle of the cube if its memory, or
    whether bf16 is accurate enough, must be measured.
    """
    spec, (t, height, width) = model.feed, shape
    dates = min(spec.dates or t, t)
    _check(model, outputs, site, limits, split_in_time=dates < t)
    step = math.lcm(outputs[0].stride, model.step)
    cell = sum(math.prod(o.axes(len(site.out_days), len(site.bands))) * 4 for o in outputs)
    wide = max(1, cell // step**2)  # bytes a pixel, blending
    probe = _Probe(model, reader, site, outputs, shape, dates, device, log, checkpoint)

    own = limits.window or spec.size
    least = max(round_up(2 * spec.halo + 1, spec.multiple), spec.multiple)
    rows_budget = limits.memory // 4
    on_device = device_budget(device, limits.memory)
    if own:
        side = (own, own) if spec.size else (min(own, round_up(height, spec.multiple)), own)
        side = (side[0], own if spec.size else min(own, round_up(width, spec.multiple)))
    else:
        largest = round_up(max(LARGEST, 4 * spec.halo), spec.multiple)
        side = (min(largest, round_up(height, spec.multiple)), min(largest, round_up(width, spec.multiple)))
        while max(side) > max(least, PROBES[0]) and probe.bytes(side) > on_device:
            half = max(least, round_up(max(side) // 2, spec.multiple))
            side = (min(side[0], half), min(side[1], half))
        while side[0] > least and wide * side[0] * width > rows_budget:
            side = (max(least, round_up(side[0] // 2, spec.multiple)), side[1])
    if not own:
        side = (_fit(height, side[0], spec), _fit(width, side[1], spec))
    if wide * side[0] * width > rows_budget:
        need = wide * side[0] * width * 4 / 1e9
        log(f"One row of windows is {width} pixels wide and needs about {need:.2g} GB, more than the limit.")

    grid = Grid(
        Axis(t, dates, spec.date_halo),
        Axis(height, side[0], spec.halo, step=step),
        Axis(width, side[1], spec.halo, step=step),
    )
    in_row = len(grid.x) * len(grid.t)
    batch = limits.batch or 0
    if not batch:
        most = max(1, BATCH_PIXELS.get(device.type, 1 << 18) // (side[0] * side[1] * dates))
        batch = min(most, in_row, 256)
        if batch > 1:
            batch = max(1, min(batch, on_device // max(1, probe.bytes(side))))

    source = t * (4 * len(site.bands) + 2) + sum(
        c.bytes(site.resolution) for c in site.companions
    )  # bytes a pixel, reading
    fit = limits.memory // 16 // max(1, source * side[0])
    stride = max(1, side[1] - 2 * spec.halo)
    columns = max(batch, (fit - 2 * spec.halo) // stride)
    columns = min(len(grid.x), max(1, columns))

    rows = 256
    while rows > 16 and wide * rows * width > limits.memory // 8:
        rows //= 2
    model_bytes = probe.bytes(side) * batch if probe.ran else 2 * source * side[0] * side[1] * batch
    read_bytes = 4 * source * side[0] * min(width, columns * stride + 2 * spec.halo)
    total = read_bytes + 2 * wide * width * side[0] + (model_bytes if device.type == "cpu" else 0)
    return Plan(
        window=side,
        halo=spec.halo,
        dates=dates,
        date_halo=spec.date_halo if dates < t else 0,
        batch=batch,
        columns=columns,
        rows=rows,
        precision=probe.precision(limits.precision),
        bytes=int(total),
        blend=spec.blend,
        step=step,
    )


def device_budget(device: torch.device, memory: int) -> int:
    """Return the bytes that one batch may take on a device, of a run that may take ``memory``."""
    return int((dev.free_memory(device) or 0) * dev.GPU_SHARE) or memory // 4


def choose_precision(
    wanted: str,
    model: Fitted,
    outputs: tuple[Mosaic | Gathered, ...],
    device: torch.device,
    run: Callable[[str], dict[str, torch.Tensor]],
    log: Callable[[str], None],
) -> str:
    """Return the precision of a run; ``"auto"`` compares the outputs of ``run("fp32")`` and ``run("bf16")``."""
    if wanted != "auto":
        return wanted
    with blame(model.model, "when it was asked for its network"):
        module = model.model.module()
    gathers = any(isinstance(o, Gathered) for o in outputs)
    if gathers or module is None or not dev.bf16_is_fast(device):
        return "fp32"
    exact, fast = (run(precision) for precision in ("fp32", "bf16"))
    good = all(dev.close_enough(exact[o.name], fast[o.name]) for o in outputs)
    log("bf16 is close enough here: used." if good else "bf16 would change the result: float32 is used.")
    return "bf16" if good else "fp32"


def check_window(model: Fitted, window: int | None) -> None:
    """Refuse a window that the model cannot take, or in which its results would differ.

    Raises
    ------
    InputError
    """
    spec = model.feed
    if window is None or window == spec.size:
        return
    if spec.size is not None:
        raise InputError(
            f"Model {model.name!r} works in windows of {spec.size} pixels, and others would change its result: "
            f"leave window={window} out."
        )
    if window % spec.multiple:
        raise InputError(
            f"Model {model.name!r} needs windows that are a multiple of {spec.multiple} pixels: "
            f"give {round_up(window, spec.multiple)} instead of {window}."
        )


def _fit(length: int, size: int, spec: Feed) -> int:
    """Shrink a window so that the same number of windows covers the axis without more overlap than the halo needs."""
    if size >= length:
        return size
    core = -(-(length - 2 * spec.halo) // len(Axis(length, size, spec.halo)))
    # Sides that are multiples of 16 suit the kernels.
    return min(size, round_up(core + 2 * spec.halo, math.lcm(spec.multiple, 16)))


def _check(
    model: Fitted, outputs: tuple[Mosaic | Gathered, ...], site: Site, limits: Limits, *, split_in_time: bool
) -> None:
    spec: Feed = model.feed
    check_window(model, limits.window)
    same_dates = len(site.days) == len(site.out_days) and bool((site.days == site.out_days).all())
    for o in outputs:
        if split_in_time and not (o.over_time and same_dates):
            raise ModelError(
                f"Model {model.name!r} asks for windows of {spec.dates} dates, but its output {o.name!r} is not one "
                "frame per input date: leave Windows.dates unset."
            )
        if o.needs == "same" and not (o.over_time and same_dates):
            raise ModelError(f"Output {o.name!r} of model {model.name!r} needs the same dates as the input.")


class _Probe:
    """Measures the model on small windows from the middle of the cube, on demand, and caches the figures."""

    def __init__(
        self,
        model: Fitted,
        reader: Callable[[slice, slice], RasterBlock],
        site: Site,
        outputs: tuple[Mosaic | Gathered, ...],
        shape: tuple[int, int, int],
        dates: int,
        device: torch.device,
        log: Callable[[str], None],
        checkpoint: Callable[[], None],
    ) -> None:
        self._context = (model, site, outputs)
        self._reader, self._shape, self._dates = reader, shape, dates
        self._device, self._log, self._checkpoint = device, log, checkpoint
        self._measured: dict[int, int] = {}

    @property
    def ran(self) -> bool:
        return bool(self._measured)

    def bytes(self, side: tuple[int, int]) -> int:
        """Return the bytes that one window of ``side`` takes on the device."""
        pixels = side[0] * side[1]
        sizes = [s for s in self._sizes() if s * s < pixels] or self._sizes()[:1]
        for size in sizes:
            if size not in self._measured:
                self._measured[size] = self._measure(size)
        largest = sizes[-1]
        # Attention may grow with the square of the pixels, which two sizes show.
        power = 1.0
        if len(sizes) > 1:
            growth = math.log(self._measured[largest] / max(1, self._measured[sizes[0]]))
            power = min(2.0, max(1.0, growth / math.log(largest**2 / sizes[0] ** 2)))
        return int(MARGIN * self._measured[largest] * (pixels / largest**2) ** power)

    def precision(self, wanted: str) -> str:
        model, _, outputs = self._context
        size = self._sizes()[0]
        return choose_precision(wanted, model, outputs, self._device, lambda p: self._run(size, p), self._log)

    def _sizes(self) -> list[int]:
        spec = self._context[0].feed
        if spec.size:
            return [spec.size]
        least = round_up(2 * spec.halo + 1, spec.multiple)
        return sorted({max(least, round_up(size, spec.multiple)) for size in PROBES})

    def _run(self, size: int, precision: str) -> dict[str, torch.Tensor]:
        model, site, outputs = self._context
        _, height, width = self._shape
        y0, x0 = max(0, (height - size) // 2), max(0, (width - size) // 2)
        y, x = slice(y0, min(height, y0 + size)), slice(x0, min(width, x0 + size))
        block = self._reader(y, x)
        predictor = Predictor(
            model,
            site,
            outputs,
            device=self._device,
            precision=precision,
            size=(size, size),
            log=self._log,
            checkpoint=self._checkpoint,
        )
        with predictor.ready(keep=True):
            ((_, found),) = predictor([Piece(block, y, x, slice(0, self._dates))])
        return {name: torch.from_numpy(values) for name, values in found.items() if isinstance(values, np.ndarray)}

    def _measure(self, size: int) -> int:
        with dev.peak_memory(self._device) as found:
            self._run(size, "fp32")
        _, site, _ = self._context
        given = size * size * self._dates * (4 * len(site.bands) + 2)
        return max(1, found[0]) + given

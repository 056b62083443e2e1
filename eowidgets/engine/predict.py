"""Runs a model on windows: batches, device, precision, and smaller batches when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from eowidgets.contract.feeds import Batch
from eowidgets.contract.outputs import Gathered, Mosaic
from eowidgets.engine import device as dev
from eowidgets.engine.blame import as_promised, blame, check_values, rows_as_promised
from eowidgets.engine.blend import paste
from eowidgets.engine.companion import Companion, Ground
from eowidgets.engine.fitted import Fitted
from eowidgets.engine.reader import RasterBlock
from eowidgets.engine.surroundings import evaluating, interrupted, kept
from eowidgets.engine.windows import Axis, round_up
from eowidgets.errors import EowidgetsError, ModelError
from eowidgets.models.blocks.threads import suitable_threads

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Site:
    """Properties that all windows share: bands, dates and place.

    Attributes
    ----------
    bands : tuple of str
    days, out_days : array (t,), (s,)
        Days since 1970-01-01.
    geobox : odc.geo GeoBox
    resolution : float
        Pixel size in metres.
    companions : tuple of Companion
        Further sources.
    """

    bands: tuple[str, ...]
    days: npt.NDArray[np.float64]
    out_days: npt.NDArray[np.float64]
    geobox: Any
    resolution: float
    companions: tuple[Companion, ...] = ()

    def lonlat(self, y: float, x: float) -> tuple[float, float]:
        """Return longitude and latitude of a pixel position (0, 0 is the outer corner of the first pixel)."""
        lon, lat = _to_lonlat(self.geobox.crs.to_wkt()).transform(*self.geobox.pix2wld(x, y))
        return float(lon), float(lat)


@dataclass(frozen=True)
class Piece:
    """One window cut from a block: its slices of the whole cube, and its place if the block is not a part of the cube."""

    block: RasterBlock
    y: slice
    x: slice
    t: slice
    lonlat: tuple[float, float] | None = None


@dataclass(frozen=True)
class _Done:
    """Outputs of a group of pieces that are being copied to main memory."""

    group: Sequence[Piece]
    found: dict[str, Any]
    wait: dev.Wait
    measured: Tensor


class Predictor:
    """Runs a model over pieces; halves the batch, then the window, when memory runs out.

    Parameters
    ----------
    fitted : Fitted
    site : Site
    outputs : sequence of Mosaic
    device : torch.device
    precision : {"fp32", "bf16"}
    size : (int, int)
        Rows and columns of the model's input; smaller pieces of a small raster are padded up to it.
    batch : int
        Windows at a time.
    seed : int
        Every batch is seeded from this and its place, so that results do not depend on order and restarts.
    compile : bool
        Run the model's module through ``torch.compile``.
    log : callable
        Takes one sentence.
    checkpoint : callable
        Called before every batch and between the layers of a module; may raise to stop.
    """

    def __init__(
        self,
        fitted: Fitted,
        site: Site,
        outputs: Sequence[Mosaic | Gathered],
        *,
        device: torch.device,
        precision: str = "fp32",
        size: tuple[int, int],
        batch: int = 1,
        seed: int = 0,
        compile: bool = False,
        log: Callable[[str], None] = lambda _: None,
        checkpoint: Callable[[], None] = lambda: None,
    ) -> None:
        self.fitted, self.model, self.site, self.outputs = fitted, fitted.model, site, tuple(outputs)
        self.device, self.precision, self.size = device, precision, size
        self.batch, self.seed, self._compile = batch, seed, compile
        self._limit: int | None = None
        self._log, self._checkpoint = log, checkpoint

    @contextmanager
    def ready(self, keep: bool = False) -> Iterator[Predictor]:
        """Put the model on the device, make it interruptible between layers, and clean up afterwards.

        With ``keep`` the model stays on the device for the next user.
        """
        with ExitStack() as stack:
            stack.enter_context(suitable_threads())
            with blame(self.model, f"when it was moved to {self.device}"), kept():
                module = self.model.module()
                self.model.to(self.device)
            alone = stack.enter_context(evaluating(module)) if module is not None else None
            if module is not None and self._compile:
                # Not dynamic: all windows have one shape, and fixed shapes compile to faster code.
                module.compile(dynamic=False)
            elif module is not None:
                stack.enter_context(interrupted(module, self._checkpoint))
            try:
                yield self
            finally:
                if alone is None or alone():
                    if module is not None and self._compile:
                        module._compiled_call_impl = None
                    if self.device.type != "cpu" and not keep:
                        self.model.to(torch.device("cpu"))
                dev.release(self.device)

    def __call__(self, pieces: Sequence[Piece]) -> Iterator[tuple[Piece, dict[str, Any]]]:
        """Predict pieces in order; yields each with its outputs, cut to the piece (padding left out)."""
        # A batch has one set of days: windows of other dates are not put into it.
        order = sorted(range(len(pieces)), key=lambda i: pieces[i].t.start)
        held: dict[int, dict[str, Any]] = {}
        following = 0
        for numbers, found in self._in_groups(pieces, order):
            held |= dict(zip(numbers, found, strict=True))
            while following in held:
                yield pieces[following], held.pop(following)
                following += 1

    def _in_groups(
        self, pieces: Sequence[Piece], order: Sequence[int]
    ) -> Iterator[tuple[Sequence[int], list[dict[str, Any]]]]:
        """Predict groups of pieces of the same dates; yield the numbers of a group and the outputs of each piece."""
        waiting: tuple[Sequence[int], _Done] | None = None
        at = 0
        while at < len(order):
            self._checkpoint()
            first = pieces[order[at]].t
            numbers = [i for i in order[at : at + self.batch] if pieces[i].t == first]
            done = self._run_group([pieces[i] for i in numbers])
            if done is None:  # out of memory: the batch or the window is smaller now
                continue
            at += len(numbers)
            # A GPU computes this group while the previous one is copied.
            if waiting is not None:
                yield waiting[0], self._split(waiting[1])
            waiting = (numbers, done)
            if self.device.type == "cpu":
                yield numbers, self._split(done)
                waiting = None
        if waiting is not None:
            yield waiting[0], self._split(waiting[1])

    def _run_group(self, group: Sequence[Piece]) -> _Done | None:
        try:
            batch = self.batch_of(group)
            seed = self._seed_of(group[0])
            with blame(self.model, _where(group)):
                found = self._run(batch, seed) if self._limit is None else self._run_in_parts(batch, seed)
                return _Done(group, *dev.to_host(found, self.device), batch.measured)
        except EowidgetsError:
            raise
        except (RuntimeError, MemoryError) as error:
            if not dev.is_out_of_memory(error):
                raise
            reason = error.with_traceback(None)
        # Outside the handler: until it ends, the traceback keeps the tensors that filled the memory alive.
        dev.release(self.device)
        if len(group) > 1:
            self.batch = max(1, len(group) // 2)
            self._log(f"Out of memory: the batch is now {self.batch}.")
        else:
            self._limit = self._smaller(reason)
            self._log(f"Out of memory: windows are now computed in parts of {self._limit} pixels.")
        return None

    def _smaller(self, reason: BaseException) -> int:
        spec = self.fitted.feed
        now = self._limit or max(self.size)
        smaller = round_up(max(1, now // 2), spec.multiple)
        gathers = any(isinstance(o, Gathered) for o in self.outputs)
        if gathers or spec.size is not None or smaller >= now or smaller <= 2 * spec.halo:
            raise ModelError(
                f"The model {self.model.name!r} runs out of memory on {self.device} even with one window of {now} "
                "pixels: choose a smaller window or fewer dates, or device='cpu'."
            ) from reason
        return smaller

    def batch_of(self, group: Sequence[Piece]) -> Batch:
        """Combine pieces into a batch of the model's input."""
        raw = self._stack([p.block.raw for p in group], group)
        measured = self._stack([p.block.measured for p in group], group)
        same = all(p.block.usable is p.block.measured for p in group)
        usable = measured if same else self._stack([p.block.usable for p in group], group)
        dates = group[0].t
        places = [p.lonlat or self.site.lonlat((p.y.start + p.y.stop) / 2, (p.x.start + p.x.stop) / 2) for p in group]
        return Batch(
            # Without clouds both are equal: unmeasured pixels are 0 already.
            x=raw if same else torch.where(usable[:, :, None], raw, 0.0),
            usable=usable,
            measured=measured,
            raw=raw,
            days=self._days(self.site.days[dates]),
            out_days=self._days(self.site.out_days[dates if self._same_dates else slice(None)]),
            bands=self.site.bands,
            lonlat=torch.tensor(places, dtype=torch.float32, device=self.device),
            resolution=self.site.resolution,
            seed=self.seed,
            sources={c.source.name: self._source(c, group) for c in self.site.companions},
        )

    def _source(self, companion: Companion, group: Sequence[Piece]) -> Batch:
        """Cut the same ground out of a further source, padded as the windows are."""
        main = self.site.resolution
        size = companion.shape(*self.size, main)
        cut = [
            companion.cut(p.block.others[companion.source.name], Ground.of(self.site.geobox, p.y, p.x), main)
            for p in group
        ]
        x, raw, usable, measured = (self._to_device([_pad(part[k], size) for part in cut]) for k in range(4))
        days = self._days(companion.days)
        places = torch.zeros(len(group), 2, device=self.device)
        return Batch(x, usable, measured, raw, days, days, companion.bands, places, companion.resolution, self.seed)

    def _days(self, days: npt.NDArray[np.float64]) -> Tensor:
        # mps has no float64, and float32 would lose the hours of current dates.
        return torch.as_tensor(days, device="cpu" if self.device.type == "mps" else self.device)

    @property
    def _same_dates(self) -> bool:
        return np.array_equal(self.site.days, self.site.out_days)

    def _stack(self, blocks: Sequence[Array], group: Sequence[Piece]) -> Tensor:
        cut = []
        for array, p in zip(blocks, group, strict=True):
            y = slice(p.y.start - p.block.y0, p.y.stop - p.block.y0)
            x = slice(p.x.start - p.block.x0, p.x.stop - p.block.x0)
            cut.append(_pad(array[p.t][..., y, x], self.size))
        return self._to_device(cut)

    def _to_device(self, arrays: Sequence[Array]) -> Tensor:
        tensor = torch.from_numpy(np.stack(arrays))
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def _seed_of(self, piece: Piece) -> int:
        place = ((piece.t.start * 1_000_003 + piece.y.start) * 1_000_003 + piece.x.start) * 1_000_003
        return int((place + self.seed) % (1 << 63))

    def _run(self, batch: Batch, seed: int) -> dict[str, Any]:
        generators = [self.device] if self.device.type == "cuda" else []
        with (
            kept(),
            torch.random.fork_rng(generators),
            torch.inference_mode(),
            dev.autocast(self.device, self.precision),
        ):
            torch.manual_seed(seed)
            found = self.fitted.predict(batch)
        return {
            o.name: as_promised(self.model, o, found, self._shape(o, batch))
            if isinstance(o, Mosaic)
            else rows_as_promised(self.model, o, found, len(batch.x))
            for o in self.outputs
        }

    def _shape(self, output: Mosaic, batch: Batch) -> tuple[int, ...]:
        axes = output.axes(len(batch.out_days), len(self.site.bands))
        return (batch.x.shape[0], *axes, *(n // output.stride for n in batch.x.shape[-2:]))

    def _run_in_parts(self, batch: Batch, seed: int) -> dict[str, Tensor]:
        limit, spec = self._limit or max(self.size), self.fitted.feed
        stride = self.outputs[0].stride
        ys, xs = (Axis(n, min(limit, n), spec.halo, spec.blend, stride) for n in self.size)
        rows, columns = ys.coarser(stride), xs.coarser(stride)
        whole: dict[str, Array] = {}
        for i in range(len(ys)):
            row: dict[str, Array] = {}
            for j in range(len(xs)):
                self._checkpoint()
                y, x = ys.window(i), xs.window(j)
                for name, part in self._run(crop(batch, y, x), seed).items():
                    values = part.cpu().numpy()
                    if j == 0:
                        row[name] = np.empty((*values.shape[:-1], columns.length), values.dtype)
                    paste(row[name], values, columns, j, dim=-1)
            for name, values in row.items():
                if i == 0:
                    whole[name] = np.empty((*values.shape[:-2], rows.length, columns.length), values.dtype)
                paste(whole[name], values, rows, i, dim=-2)
        return {name: torch.from_numpy(values) for name, values in whole.items()}

    def _split(self, done: _Done) -> list[dict[str, Any]]:
        """Wait for the outputs of a group, check them, and cut them to the pieces."""
        with blame(self.model, _where(done.group)):
            done.wait()
        for output in self.outputs:
            if isinstance(output, Mosaic):
                check_values(self.model, output, done.found[output.name], done.measured)
        pieces = []
        for i, p in enumerate(done.group):
            h, w = (-(-(s.stop - s.start) // self.outputs[0].stride) for s in (p.y, p.x))
            pieces.append(
                {
                    name: values.numpy()[i, ..., :h, :w] if isinstance(values, Tensor) else values[i]
                    for name, values in done.found.items()
                }
            )
        return pieces


def _where(group: Sequence[Piece]) -> str:
    y, x = group[0].y, group[0].x
    return f"on rows {y.start} to {y.stop - 1}, columns {x.start} to {x.stop - 1}"


@cache
def _to_lonlat(wkt: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(wkt, 4326, always_xy=True)


def crop(batch: Batch, y: slice, x: slice) -> Batch:
    """Cut rows and columns out of a batch."""
    main = batch.resolution
    return replace(
        batch,
        x=batch.x[..., y, x],
        usable=batch.usable[..., y, x],
        measured=batch.measured[..., y, x],
        raw=batch.raw[..., y, x],
        sources={n: crop(s, *(_scaled(c, main / s.resolution) for c in (y, x))) for n, s in batch.sources.items()},
    )


def _scaled(cut: slice, ratio: float) -> slice:
    """Return pixels of another size on the same ground."""
    start = round(cut.start * ratio)
    return slice(start, start + max(1, round((cut.stop - cut.start) * ratio)))


def _pad(array: Array, size: tuple[int, int]) -> Array:
    """Mirror an array at its end up to ``size``: plausible ground, whose result is discarded."""
    missing = [n - m for n, m in zip(size, array.shape[-2:], strict=True)]
    if not any(missing):
        return array
    return np.pad(array, [(0, 0)] * (array.ndim - 2) + [(0, n) for n in missing], mode="symmetric")

"""Device and precision of a model, and its measured memory there."""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from eowidgets.errors import InputError, message_of, shown

Wait = Callable[[], None]

#: Share of a GPU's free memory that may be used: the rest is for fragmentation and other processes.
GPU_SHARE = 0.8

#: bf16 is used if the outputs change by less than this share of their standard deviation.
BF16_TOLERANCE = 0.005


def pick_device(device: str | torch.device) -> torch.device:
    """Turn ``"auto"`` into cuda, mps or cpu, and refuse a device that this machine does not have."""
    if str(device) == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(1, device=chosen)
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        raise InputError(
            f"The device {shown(device)} can't be used here: give 'auto', 'cpu', 'cuda' or 'mps'."
        ) from error
    return chosen


def bf16_is_fast(device: torch.device) -> bool:
    """Return whether the device has matrix units for bf16 (on CPUs: AMX)."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities: Callable[[], dict[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)
        return bool(capabilities().get("amx_bf16", False))
    return False


def autocast(device: torch.device, precision: str) -> Any:
    """Return a context in which matrix products and convolutions run in ``precision``."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


def fast_autocast(device: str | torch.device = "cpu") -> Any:
    """Return a context with bf16 if the device has units for it; without them bf16 is tens of times slower."""
    chosen = torch.device(device)
    return autocast(chosen, "bf16" if bf16_is_fast(chosen) else "fp32")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error is an out-of-memory error of any device."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    words = message_of(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in words or "can't allocate memory" in words)


def free_memory(device: torch.device) -> int | None:
    """Return the free bytes of a GPU, or None where host and device share one memory."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else None


def used_memory(device: torch.device) -> int:
    """Return the bytes that tensors of this process hold on the device (0 on a CPU, where they are not counted)."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return int(torch.mps.current_allocated_memory()) if device.type == "mps" else 0


def release(device: torch.device) -> None:
    """Release cached memory of the device."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def to_host(tensors: Mapping[str, Any], device: torch.device) -> tuple[dict[str, Any], Wait]:
    """Start to copy tensors to main memory after the work that computes them.

    On CUDA this returns at once, so that the next batch can be prepared and started meanwhile.

    Returns
    -------
    dict
        Tensors in main memory, not complete before the wait; other values as they are.
    callable
        Waits until they are complete.
    """
    if device.type != "cuda":
        return {name: t.cpu() if isinstance(t, torch.Tensor) else t for name, t in tensors.items()}, lambda: None
    host = {
        name: torch.empty(t.shape, dtype=t.dtype, pin_memory=True).copy_(t, non_blocking=True)
        if isinstance(t, torch.Tensor)
        else t
        for name, t in tensors.items()
    }
    return host, torch.cuda.current_stream(device).record_event().synchronize


def trim() -> None:
    """Return freed main memory to the system, where the C library keeps it (glibc).

    Large arrays that come and go in several threads leave gaps; over a tall raster they would add up.
    """
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if give_back is not None:
        give_back(0)


@contextmanager
def peak_memory(device: torch.device) -> Iterator[list[int]]:
    """Measure the peak bytes of tensors created inside the block; the list gets one number.

    On CUDA the allocator counts. Elsewhere every operation is intercepted, which counts all tensors, but not
    the scratch space inside one operation.
    """
    found: list[int] = []
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        yield found
        torch.cuda.synchronize(device)
        found.append(torch.cuda.max_memory_allocated(device) - before)
    else:
        with _Watch() as watch:
            yield found
        found.append(watch.peak)


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of live storages created by the operations that run inside it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = self.peak = 0
        self._known: dict[int, Any] = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Without this, torch imports its compiler here, which takes a second or more at the first run.
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return out

    def _count(self, storage: Any) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return

        def gone(_: Any) -> None:
            self._known.pop(key, None)
            self.live -= size

        self._known[key] = weakref.ref(storage, gone)
        self.live += size
        self.peak = max(self.peak, self.live)


def close_enough(exact: torch.Tensor, fast: torch.Tensor) -> bool:
    """Return whether a bf16 output may replace the float32 one: RMS difference against the output's variation."""
    keep = torch.isfinite(exact) & torch.isfinite(fast)
    if keep.sum() < 2 or not torch.equal(torch.isnan(exact), torch.isnan(fast)):
        return False
    a, b = exact[keep].double(), fast[keep].double()
    return bool((a - b).square().mean().sqrt() <= BF16_TOLERANCE * a.std())

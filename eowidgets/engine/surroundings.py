"""State that a model shares with the process and that is restored after a run: modes of networks, global settings."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

#: Global settings of torch and numpy: how each is read and how it is set.
SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "default type": (torch.get_default_dtype, torch.set_default_dtype),
    "threads": (torch.get_num_threads, torch.set_num_threads),
    "gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
    "deterministic": (
        lambda: (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()),
        lambda v: torch.use_deterministic_algorithms(v[0], warn_only=v[1]),
    ),
    "benchmark": (lambda: torch.backends.cudnn.benchmark, lambda v: setattr(torch.backends.cudnn, "benchmark", v)),
    "matrix products": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    "anomalies": (
        lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        lambda v: torch.set_anomaly_enabled(*v),
    ),
    "tiny numbers": (
        lambda: float(torch.ones((), dtype=torch.float32) * 1e-40) == 0,
        torch.set_flush_denormal,
    ),
    "errors of numpy": (np.geterr, lambda v: np.seterr(**v)),
}


@contextmanager
def kept() -> Iterator[None]:
    """Restore the global settings of torch and numpy and, on the main thread, the state of random numbers.

    Elsewhere the generators are left alone: the main thread may draw from them at the same time.
    """
    before = {name: read() for name, (read, _) in SETTINGS.items()}
    drawn = _drawn() if _is_main() else None
    try:
        yield
    finally:
        for name, (read, write) in SETTINGS.items():
            if read() != before[name]:
                write(before[name])
        if drawn is not None:
            torch.set_rng_state(drawn[0])
            np.random.set_state(drawn[1])  # noqa: NPY002
            random.setstate(drawn[2])


def _drawn() -> tuple[Any, Any, Any]:
    return torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002  (what a model may use)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


@dataclass
class _Use:
    module: nn.Module
    training: bool
    runs: int = 0


class _Modes:
    """Modules that runs use, each with its mode before the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[int, _Use] = {}

    def enter(self, modules: list[nn.Module]) -> None:
        with self._lock:
            for module in modules:
                use = self._used.setdefault(id(module), _Use(module, module.training))
                use.runs += 1

    def leave(self, modules: list[nn.Module]) -> bool:
        """Restore modes that no other run needs; return whether all were restored."""
        last = True
        with self._lock:
            for module in modules:
                use = self._used[id(module)]
                use.runs -= 1
                if use.runs:
                    last = False
                    continue
                del self._used[id(module)]
                if module.training != use.training:
                    module.training = use.training
        return last


_MODES = _Modes()


@contextmanager
def evaluating(module: nn.Module) -> Iterator[Callable[[], bool]]:
    """Switch a network to evaluation until the last run that uses it has ended, then restore the mode of every layer.

    Yields
    ------
    callable
        Ends the use early; returns True where no other run uses the network.
    """
    layers = list(module.modules())
    _MODES.enter(layers)
    ended: list[bool] = []

    def end() -> bool:
        if not ended:
            ended.append(_MODES.leave(layers))
        return ended[0]

    try:
        module.eval()
        yield end
    finally:
        end()


@contextmanager
def interrupted(module: nn.Module, checkpoint: Callable[[], None]) -> Iterator[None]:
    """Call ``checkpoint`` before every layer, in this thread only: another run may use the same network."""
    own = threading.get_ident()

    def hook(*_: Any) -> None:
        if threading.get_ident() == own:
            checkpoint()

    # TorchScript takes no hooks: such a part is interrupted between batches only.
    layers = [m for m in module.modules() if not isinstance(m, torch.jit.ScriptModule)]
    hooks = [layer.register_forward_pre_hook(hook) for layer in layers]
    try:
        yield
    finally:
        for handle in hooks:
            handle.remove()

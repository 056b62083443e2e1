"""Limit the threads of torch to the cores that this process may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from eowidgets.system import available_cores


@contextmanager
def suitable_threads() -> Iterator[None]:
    """Limit torch to the cores that a container or a batch system grants, and restore the setting afterwards.

    By default torch uses as many threads as the machine has cores. On a hub that grants two of 64 cores, these threads
    wait for each other most of the time.
    """
    before = torch.get_num_threads()
    few = min(before, available_cores())
    if few == before:
        yield
        return
    torch.set_num_threads(few)
    try:
        yield
    finally:
        torch.set_num_threads(before)

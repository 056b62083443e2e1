"""Chooses the batch size of items and the precision, from measured memory of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from eowidgets.engine import device as dev
from eowidgets.engine.fitted import Fitted
from eowidgets.engine.item_work import ItemWork
from eowidgets.engine.items import Items, Share
from eowidgets.engine.plan import MARGIN, NO_PLAN, Limits, Plan, choose_precision, device_budget

#: Items on which the model is measured.
PROBE = 8
#: Where this many times the bytes of a batch fit into the memory, the model is not measured.
AMPLE = 10_000


def plan_items(items: Items, work: ItemWork, limits: Limits, log: Callable[[str], None]) -> Plan:
    """Choose the settings of a run over items; may run the model on a few of them."""
    device = dev.pick_device(work.device)
    sample: list[Share | None] = []

    def probe() -> Share | None:
        if not sample:
            sample.append(items.sample(PROBE))
        return sample[0]

    def run(precision: str) -> dict[str, torch.Tensor]:
        share = probe()
        return work.values(share, precision) if share is not None else {}

    batch = limits.batch or max(1, min(items.batch, len(items)))
    given = items.pixels / max(1, len(items)) * (4 * len(items.bands) + 2)  # bytes of an item
    budget = device_budget(device, limits.memory)
    if limits.batch is None and given * batch * AMPLE > budget and (share := probe()) is not None:
        with dev.peak_memory(device) as found:
            run("fp32")
        each = MARGIN * (found[0] + share.nbytes) / len(share.pieces)
        batch = max(1, min(batch, int(budget / each)))
    precision = choose_precision(limits.precision, Fitted(items.model), work.outputs, device, run, log)
    return replace(NO_PLAN, window=work.size, batch=batch, precision=precision)

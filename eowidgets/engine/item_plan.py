"""Chooses how many items share a batch, and the precision; what the model needs, it measures."""

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
#: Where the memory is this many times that of all items of a batch, the model is not measured.
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

    batch = limits.batch or min(items.batch, max(1, len(items)))
    share = probe() if limits.batch is None and batch > 1 else None
    if share is not None:
        each, budget = share.nbytes / len(share.pieces), device_budget(device, limits.memory)
        if each * batch * AMPLE > budget:
            with dev.peak_memory(device) as found:
                run("fp32")
            batch = max(1, min(batch, int(budget / (MARGIN * (found[0] / len(share.pieces) + each)))))
    precision = choose_precision(limits.precision, Fitted(items.model), work.outputs, device, run, log)
    return replace(NO_PLAN, window=work.size, batch=batch, precision=precision)

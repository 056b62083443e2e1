"""Small models whose right answer is known."""

from __future__ import annotations

import threading

import torch
from torch import nn

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Bands, Classes, Value
from eowidgets.contract.params import param
from eowidgets.contract.task import Task

CARD = Card(title="toy", licence="Apache-2.0")


class Identity(Model):
    """Gives back what was measured."""

    name = "toy-identity"
    task = Task.RECONSTRUCT
    card = CARD

    def outputs(self, bands):
        return (Bands("same", "tyx", needs="same"),)

    def predict(self, batch: Batch):
        return {"same": batch.raw}


class Mean(Model):
    """Mean over the usable dates, per band."""

    name = "toy-mean"
    task = Task.COMPOSITE
    card = CARD

    def outputs(self, bands):
        return (Bands("mean", "yx"),)

    def predict(self, batch: Batch):
        seen = batch.usable[:, :, None].float()
        return {"mean": (batch.x * seen).sum(1) / seen.sum(1).clamp(min=1)}


class Smooth(Model):
    """A fixed 5 x 5 mean of each band of every date: needs a halo of 2 to have no seams."""

    name = "toy-smooth"
    task = Task.RECONSTRUCT
    card = CARD
    feed = Windows(halo=8)

    def __init__(self, **params):
        super().__init__(**params)
        self.net = nn.Conv2d(1, 1, 5, padding=2, padding_mode="replicate", bias=False)
        nn.init.constant_(self.net.weight, 1 / 25)

    def module(self):
        return self.net

    def outputs(self, bands):
        return (Bands("smooth", "tyx"),)

    def predict(self, batch: Batch):
        b, t, c, h, w = batch.x.shape
        return {"smooth": self.net(batch.x.reshape(b * t * c, 1, h, w)).reshape(b, t, c, h, w)}


CLASSES = (ClassInfo(3, "open water", "#0000ff"), ClassInfo(7, "forest", "#00aa00"))


class TwoClasses(Model):
    """Probability of two classes from the red band, and its value."""

    name = "toy-classes"
    task = Task.SEGMENT
    card = CARD
    feed = Windows(bands=("red",), halo=4)

    def outputs(self, bands):
        return (Classes("cover", "yx", classes=CLASSES, long_name="land cover"), Value("red_mean", vmin=0))

    def predict(self, batch: Batch):
        p = batch.x[:, :, 0].mean(1)
        return {"cover": torch.stack([p, 1 - p], dim=1), "red_mean": p}


class Greedy(Smooth):
    """Runs out of memory above a number of pixels in a batch."""

    name = "toy-greedy"
    limit = 40 * 40

    def predict(self, batch: Batch):
        b, _, _, h, w = batch.x.shape
        if b * h * w > self.limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().predict(batch)


class Gate(Identity):
    """Stops before every batch until somebody opens the gate."""

    name = "toy-gate"

    def __init__(self, **params):
        super().__init__(**params)
        self.entered = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)

    def predict(self, batch: Batch):
        self.entered.release()
        assert self.gate.acquire(timeout=30)
        return super().predict(batch)


class Noise(Model):
    """Draws random numbers, scaled by a parameter."""

    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Params:
        scale: float = param(1.0, help="standard deviation", low=0, high=5)

    name = "toy-noise"
    task = Task.REGRESS
    card = CARD

    def outputs(self, bands):
        return (Value("noise"),)

    def predict(self, batch: Batch):
        return {"noise": self.params.scale * torch.randn(batch.x[:, 0, 0].shape)}


class InTime(Identity):
    """Identity in windows of a few dates."""

    name = "toy-in-time"
    feed = Windows(halo=2, dates=5, date_halo=2)


class Patches(Identity):
    """Sees only windows of one size."""

    name = "toy-patches"
    feed = Windows(size=16, halo=3, multiple=16)

    def predict(self, batch: Batch):
        assert batch.x.shape[-2:] == (16, 16)
        return super().predict(batch)

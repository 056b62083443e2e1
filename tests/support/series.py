"""Models of series whose right answer is known."""

from __future__ import annotations

import torch
from support.toys import CARD, CLASSES

import eowidgets as eow


class Course(eow.Model):
    """Mean over the clear dates, its anomaly on each date, a class and a vector; refuses pixels in rows and columns."""

    name = "toy-course"
    task = eow.Task.REGRESS
    card = CARD
    feed = eow.Series(bands=("red",), min_dates=3)

    def outputs(self, bands):
        return (
            eow.Value("mean"),
            eow.Value("anomaly", "tyx", needs="same"),
            eow.Classes("cover", classes=CLASSES),
            eow.Vector(size=2),
        )

    def predict(self, batch):
        n, t, c = batch.x.shape
        assert c == 1
        assert batch.usable.shape == batch.measured.shape == (n, t)
        assert batch.lonlat.shape == (n, 2)
        x = batch.x[..., 0]
        mean = x.sum(dim=1) / batch.usable.sum(dim=1).clamp_min(1)
        return {
            "mean": mean,
            "anomaly": batch.raw[..., 0] - mean[:, None],
            "cover": torch.stack([mean, 1 - mean], dim=1),
            "embedding": torch.stack([mean, -mean], dim=1),
        }


class Mean(Course):
    """The mean alone."""

    name = "toy-series-mean"

    def outputs(self, bands):
        return (eow.Value("mean"),)


class Told(Course):
    """A label and a text per series."""

    name = "toy-told"

    def outputs(self, bands):
        return (eow.Label("kind", classes=CLASSES), eow.Text("words"), eow.Classes("cover", classes=CLASSES))

    def predict(self, batch):
        cover = super().predict(batch)["cover"]
        return {"kind": cover, "cover": cover, "words": [f"mean {float(m):.2f}" for m in cover[:, 0]]}

"""Land use: FUSU-Net with and without the series, on simulated scenes and on aerial photographs with Landsat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.systems.common import (
    batch_of,
    classes_of,
    examples_of,
    map_scores,
    predicted,
    shown,
    target_of,
    trained,
)
from eowidgets.models.landuse.fusunet import FusuModel
from eowidgets.simulate import CLASSES, simulate

BANDS = ("blue", "green", "red", "nir")
SERIES = ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22", "vv", "vh")
SIDE, COARSER, MONTHS = 64, 4, 12
#: Land cover of the Chesapeake set: trees, low vegetation, and sealed ground with roads.
COVER = ("trees", "low vegetation", "sealed")


def simulated(_: Path) -> None:
    """Compare on simulated scenes: first and last date in four bands, twelve months at a quarter of the resolution."""
    names = [str(c[1]) if isinstance(c, tuple) else str(c.name) for c in CLASSES]
    learn, test = scenes(32, 0), scenes(16, 1000)
    truth = test.target.numpy()
    used = np.unique(learn.target.numpy())
    print(
        f"Simulated scenes: {len(learn)} windows of {SIDE} pixels for training, {len(test)} for the test, {len(used)} classes"
    )
    target, found = target_of("use", names), {}
    for name, examples, held in (
        ("images and series", learn, test.batch),
        ("images alone", _alone(learn), replace(test.batch, sources={})),
    ):
        ready = trained(FusuModel(), examples, target)
        chances = predicted(ready, held, 8)
        found[name] = (
            map_scores(f"fusunet, {name}: last date", classes_of(chances["use"]), truth[:, 1], names)["mean"],
            map_scores(f"fusunet, {name}: first date", classes_of(chances["use_before"]), truth[:, 0], names)["mean"],
            map_scores(
                f"fusunet, {name}: change",
                classes_of(chances["change"]),
                (truth[:, 0] != truth[:, 1]).astype(int),
                ("no change", "change"),
            )["change"],
        )
    for i, what in enumerate(("mean IoU of the last date", "mean IoU of the first date", "IoU of change")):
        shown(
            {
                f"{what}, simulated scenes": found["images and series"][i],
                f"{what}, images alone": found["images alone"][i],
            }
        )


def _alone(examples):
    return replace(examples, batch=replace(examples.batch, sources={}))


def scenes(count: int, seed: int):
    """Return windows with their series and the classes of the first and the last date."""
    pairs, series, labels = [], [], []
    for i in range(count):
        scene = simulate(
            height=SIDE,
            width=SIDE,
            start="2018-01-01",
            end="2019-06-30",
            revisit=15,
            event_count=10,
            cloud_cover=0.0,
            seed=seed + i,
        )
        cube = scene.cube
        values = np.stack([cube[b].values for b in SERIES], axis=1)
        values = np.where((cube["valid"].values & ~cube["clouds"].values)[:, None], values, np.nan)
        months = np.array_split(np.arange(len(values)), MONTHS)
        parts = values.reshape(*values.shape[:2], SIDE // COARSER, COARSER, SIDE // COARSER, COARSER)
        with np.errstate(all="ignore"):
            series.append(np.stack([_mean(parts[m], (0, 3, 5)) for m in months]))
        both = np.stack([scene.clear[b].values[[0, -1]] for b in BANDS], axis=1)
        pairs.append(both + np.random.default_rng(seed + i).normal(0, 0.01, both.shape))
        labels.append(scene.classes.values[[0, -1]])
    days = np.array([17532.0, 18077.0])
    batch = batch_of(np.stack(pairs), days, BANDS)
    more = batch_of(np.stack(series), np.linspace(*days, MONTHS), SERIES)
    return examples_of(replace(batch, sources={"series": more}), np.stack(labels).astype("int64"))


def _mean(values, axes):
    there = np.isfinite(values)
    return np.nan_to_num(values).sum(axes) / np.where(there.sum(axes) > 0, there.sum(axes), np.nan)


def chesapeake(folder: Path) -> None:
    """Compare on aerial photographs of two years and Landsat, leaf-on and leaf-off; another map sheet is held out."""
    with np.load(folder / "chesapeake_landcover" / "chesapeake_wv_16.npz") as file:
        held = np.array([str(n).startswith("val") for n in file["name"]])
        pair = np.stack([file["naip_b"], file["naip_a"]], axis=1).astype("float32") / 255
        leaves = np.stack([file["landsat_b"], file["landsat_a"]], axis=1)
        cover = np.select([file["lc"] == 2, file["lc"] == 3, file["lc"] >= 5], [0, 1, 2], -1)
    bands = tuple(f"landsat{i}" for i in range(leaves.shape[2]))
    days = np.array([16983.0, 17165.0])

    def windows(which, side: int):
        cut = [np.concatenate([_squares(v[i], side) for i in np.flatnonzero(which)]) for v in (pair, leaves, cover)]
        coarse = cut[1].reshape(*cut[1].shape[:3], side // 8, 8, side // 8, 8).mean((4, 6))
        batch = replace(
            batch_of(cut[0], np.array([16253.0, 16983.0]), BANDS), sources={"series": batch_of(coarse, days, bands)}
        )
        return examples_of(batch, cut[2].astype("int64"))

    learn, test = windows(~held, SIDE), windows(held, 128)
    truth = test.target.numpy()
    print(f"Chesapeake: {len(learn)} windows of {SIDE} pixels of 1 m for training, {len(test)} of 128 for the test")
    target, found = target_of("cover", COVER), {}
    for name, examples, batch in (
        ("images and series", learn, test.batch),
        ("images alone", _alone(learn), replace(test.batch, sources={})),
    ):
        ready = trained(FusuModel(), examples, target)
        found[name] = map_scores(f"fusunet, {name}", classes_of(predicted(ready, batch, 4)["cover"]), truth, COVER)
    for what in ("mean", *COVER[:2]):
        label = "mean IoU of three classes" if what == "mean" else f"IoU of {what}"
        both = (found[name][what] for name in ("images and series", "images alone"))
        shown(dict(zip((f"{label}, Chesapeake", f"{label}, Chesapeake, images alone"), both, strict=True)))


def _squares(values, side: int):
    """Cut (..., 256, 256) into squares (n, ..., side, side)."""
    return np.stack([values[..., r : r + side, c : c + side] for r in range(0, 256, side) for c in range(0, 256, side)])


PARTS = {"scenes": simulated, "chesapeake": chesapeake}

"""Crops: PSE-TAE and TempCNN against random forests, on two sets of fields and on simulated parcels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.systems.common import (
    batch_of,
    classes_of,
    crop_scores,
    examples_of,
    filled,
    forest,
    predicted,
    shown,
    target_of,
    trained,
)
from eowidgets.models.crops.psetae import PseTaeAround, PseTaeModel
from eowidgets.models.crops.tempcnn import OwnTempCNN
from training.tempcnn import CROPS, STEPS, TEST, prepared, read

#: Crops of CAWa with at least this many fields count as classes.
FEWEST = 40
SEASON = np.array(STEPS) + 16328.0
PHENOLOGIES = ("winter crop", "winter crop, rows", "summer crop", "summer crop, rows", "grass", "orchard")
SIDE, DATES = 16, 20


def cawa(folder: Path) -> None:
    """Compare on fields of Central Asia: NDVI of 23 dates with real gaps; the split of the set, by cells of 5 km."""
    with np.load(folder / "cawa_crops" / "cawa_crops.npz") as file:
        ndvi, label, doy, test = file["ndvi"], file["label_1"], file["doy"], file["split"] == "test"
    names, counts = np.unique(label, return_counts=True)
    names = names[counts >= FEWEST]
    keep = np.isin(label, names) & (np.isfinite(ndvi).sum(1) >= 6)
    ndvi, label, test = ndvi[keep][..., None], np.searchsorted(names, label[keep]), test[keep]
    print(f"CAWa: {(~test).sum()} fields for training, {test.sum()} for the test, {len(names)} crops")
    flat = filled(ndvi)[..., 0]
    found = forest(flat[~test], label[~test]).predict(flat[test])
    tree = crop_scores("random forest, gaps interpolated", found, label[test], names)
    _series("CAWa", ndvi, doy + 16800.0, ("ndvi",), label, test, names, tree)


def matogrosso(folder: Path) -> None:
    """Compare on crops of Mato Grosso from MODIS; cells of half a degree are held out."""
    samples = read(folder / "sits_modis")
    names, test = [crop.name for crop in CROPS], samples.fold == TEST
    x = prepared(samples).numpy()
    print(f"Mato Grosso: {(~test).sum()} series for training, {test.sum()} for the test, {len(names)} classes")
    flat = x.reshape(len(x), -1)
    found = forest(flat[~test], samples.label[~test]).predict(flat[test])
    tree = crop_scores("random forest", found, samples.label[test], names)
    _series("Mato Grosso", x, SEASON, ("blue", "red", "nir", "swir22"), samples.label, test, names, tree)


def _series(what, x, days, bands, label, test, names, tree) -> None:
    target, learn = target_of("crop", names), examples_of(batch_of(x[~test], days, bands), label[~test])
    for model in (PseTaeModel(), OwnTempCNN()):
        ready = trained(model, learn, target)
        found = classes_of(predicted(ready, batch_of(x[test], days, bands), 1024)["crop"])
        ours = crop_scores(ready.name, found, label[test], names)
        card = {f"mean F1, {what}, held-out places": ours["mean F1"], f"accuracy, {what}": ours["accuracy"]}
        more = {
            f"mean F1 of a random forest, {what}": tree["mean F1"],
            f"accuracy of a random forest, {what}": tree["accuracy"],
        }
        shown(card | more)


def simulated(_: Path) -> None:
    """Compare on simulated parcels: pairs of classes with the same mean series and different variation of the pixels."""
    x, label, days = parcels(60, 0)
    x_test, truth, _ = parcels(20, 1)
    names, target = PHENOLOGIES, target_of("crop", PHENOLOGIES)
    print(
        f"Simulated parcels: {len(x)} windows of {SIDE} pixels for training, {len(x_test)} for the test, {len(names)} classes"
    )
    pixels, pixels_test = (v.transpose(0, 3, 4, 1, 2).reshape(-1, DATES, 2) for v in (x, x_test))
    some = np.random.default_rng(0).choice(len(pixels), 4000, replace=False)
    flat, flat_test = filled(pixels[some]).reshape(len(some), -1), filled(pixels_test).reshape(len(pixels_test), -1)
    found = forest(flat, label.ravel()[some]).predict(flat_test)
    single = crop_scores("random forest, pixels", found, truth.ravel(), names)
    wide, wide_test = (around(v).reshape(len(v) * SIDE * SIDE, -1) for v in (x, x_test))
    found = forest(wide[some], label.ravel()[some]).predict(wide_test)
    tree = crop_scores("random forest, mean and standard deviation of 5 x 5", found, truth.ravel(), names)
    bands = ("red", "nir")
    learn = examples_of(batch_of(pixels[some], days, bands), label.ravel()[some])
    for model in (PseTaeModel(), OwnTempCNN()):
        ready = trained(model, learn, target)
        found = classes_of(predicted(ready, batch_of(pixels_test, days, bands), 2048)["crop"])
        ours = crop_scores(f"{ready.name}, pixels", found, truth.ravel(), names)
        shown(
            {
                "mean F1, simulated pixels": ours["mean F1"],
                "mean F1 of a random forest, simulated pixels": single["mean F1"],
            }
        )
    ready = trained(PseTaeAround(), examples_of(batch_of(x, days, bands), label), target)
    found = classes_of(predicted(ready, batch_of(x_test, days, bands), 4)["crop"]).ravel()
    ours = crop_scores("psetae-around", found, truth.ravel(), names)
    forests = {"on pixels": single["mean F1"], "on mean and standard deviation of 5 x 5": tree["mean F1"]}
    shown(
        {"mean F1, simulated parcels": ours["mean F1"]}
        | {f"mean F1 of a random forest {k}": v for k, v in forests.items()}
    )


def parcels(windows: int, seed: int):
    """Return windows (n, t, 2, h, w) of red and near infrared with clouds, the class of every pixel, and the days."""
    rng = np.random.default_rng(seed)
    days = np.linspace(16800, 17150, DATES)
    rise = np.array([60, 60, 140, 140, 90, 90])
    fall = np.array([190, 190, 270, 270, 280, 280])
    top = np.array([0.8, 0.8, 0.8, 0.8, 0.6, 0.6])
    spread = np.array([0.03, 0.12, 0.03, 0.12, 0.03, 0.12])
    x = np.empty((windows, DATES, 2, SIDE, SIDE), "float32")
    labels = np.empty((windows, SIDE, SIDE), "int64")
    rows, columns = np.mgrid[:SIDE, :SIDE]
    for i in range(windows):
        seeds = rng.uniform(0, SIDE, (4, 2))
        nearest = np.hypot(rows[..., None] - seeds[:, 0], columns[..., None] - seeds[:, 1]).argmin(-1)
        crop = rng.integers(len(rise), size=4)
        begin, end = rise[crop] + rng.normal(0, 15, 4), fall[crop] + rng.normal(0, 15, 4)
        height = top[crop] + rng.normal(0, 0.06, 4)
        when = (days - days[0])[:, None]
        course = 0.15 + (height - 0.15) * (1 / (1 + np.exp((begin - when) / 12)) - 1 / (1 + np.exp((end - when) / 12)))
        wave = rng.normal(size=(SIDE, SIDE)) * spread[crop][nearest]
        ndvi = (course[:, nearest] + wave + rng.normal(0, 0.03, (DATES, SIDE, SIDE))).clip(0.02, 0.95)
        nir = 0.3 + 0.05 * rng.normal(size=(4,))[nearest] + rng.normal(0, 0.015, ndvi.shape)
        x[i] = np.stack([nir * (1 - ndvi) / (1 + ndvi), nir], axis=1)
        x[i, rng.random(DATES) < 0.3] = np.nan
        labels[i] = crop[nearest]
    return x, labels, days


def around(x):
    """Return mean and standard deviation of red and near infrared over 5 x 5 pixels, (n, h, w, features)."""
    from scipy.ndimage import uniform_filter

    n, t, c, h, w = x.shape
    series = filled(x.transpose(0, 3, 4, 1, 2).reshape(-1, t, c)).reshape(n, h, w, t * c)
    mean = uniform_filter(series, (0, 5, 5, 0), mode="nearest")
    square = uniform_filter(series**2, (0, 5, 5, 0), mode="nearest")
    return np.concatenate([mean, np.sqrt((square - mean**2).clip(0))], axis=-1)


PARTS = {"cawa": cawa, "matogrosso": matogrosso, "parcels": simulated}

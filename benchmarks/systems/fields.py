"""Field boundaries: the shipped U-Net on held-out images, and single dates against stacks on simulated parcels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from benchmarks.systems.common import (
    batch_of,
    classes_of,
    examples_of,
    forest,
    map_scores,
    predicted,
    shown,
    target_of,
    trained,
)
from eowidgets.models.fields import unet
from eowidgets.models.fields.unet.card import CLASSES
from eowidgets.models.fields.unet.model import Fields, FieldsUNet, scale_of, scaled
from training.fields import TEST, read
from training.ship import ship

SIDE = 64
LEGEND = ("inside", "boundary")
DAYS = np.array([16892.0, 17014.0, 17075.0])  # April, August, October, as in the paper


def pictures(folder: Path) -> None:
    """Compare on held-out images of the Midwest with a random forest on colour and texture."""
    names = [one.name for one in CLASSES]
    held, learn = [], []
    for one in read(folder / "field_boundaries"):
        (held if one.name in TEST else learn).append(one)
    print(f"Pictures of fields: {len(learn)} for training, {len(held)} for the test, 512 x 512 pixels of about 2 m")
    truth = np.stack([one.label.numpy() for one in held])
    rng = np.random.default_rng(0)
    x, y = (np.concatenate(part) for part in zip(*(_drawn(one, rng) for one in learn), strict=True))
    trees = forest(x, y)
    guess = np.stack([trees.predict(texture(one)).reshape(truth.shape[1:]) for one in held])
    tree = map_scores("random forest, colour and texture of 9 x 9", guess, truth, names)
    network = Fields().module()
    with torch.no_grad():
        found = [network(scaled(one.x[None], scale_of(one.x))).argmax(1)[0].numpy() for one in held]
    ours = map_scores("fields", np.stack(found), truth, names)
    scores = {
        "IoU of fields, three held-out pictures": ours["field"],
        "IoU of boundaries there": ours["boundary"],
        "IoU of fields of a random forest there": tree["field"],
        "IoU of boundaries of a random forest there": tree["boundary"],
    }
    shown(scores)
    path = Path(unet.__file__).parent / "weights" / "fields.safetensors"
    ship(path.parents[1], "fields.midwest", path, {k: round(v, 3) for k, v in scores.items()})


def _drawn(one, rng, count: int = 3000):
    some = rng.choice(one.label.numel(), count, replace=False)
    return texture(one)[some], one.label.numpy().ravel()[some]


def texture(one):
    """Return colour, and its mean and standard deviation over 9 x 9 pixels, of every pixel (h w, 9)."""
    from scipy.ndimage import uniform_filter

    x = scaled(one.x[None], scale_of(one.x))[0].numpy()
    mean = uniform_filter(x, (0, 9, 9), mode="nearest")
    spread = np.sqrt((uniform_filter(x**2, (0, 9, 9), mode="nearest") - mean**2).clip(0))
    return np.concatenate([x, mean, spread]).reshape(9, -1).T


def stacks(_: Path) -> None:
    """Compare one date with three on simulated parcels of 10 m; neighbours of one crop differ little on most dates."""
    x, label = mosaics(80, 0)
    x_test, truth = mosaics(40, 1)
    target = target_of("field", LEGEND)
    print(f"Simulated field mosaics: {len(x)} windows of {SIDE} pixels for training, {len(x_test)} for the test")
    edge = gradient(x_test)
    cut = max(np.quantile(gradient(x), np.linspace(0.5, 0.95, 10)), key=lambda c: _iou(gradient(x) > c, label))
    strongest = map_scores("largest gradient of the dates above a limit", (edge > cut).astype(int), truth, LEGEND)
    scores = {}
    for dates in ((0,), (1,), (2,), (0, 1, 2)):
        at = list(dates)
        ready = trained(FieldsUNet(), examples_of(batch_of(x[:, at], DAYS[at], ("red", "nir")), label), target)
        found = classes_of(predicted(ready, batch_of(x_test[:, at], DAYS[at], ("red", "nir")), 8)["field"])
        name = f"fields-unet, {len(at)} dates" if len(at) > 1 else f"fields-unet, date {at[0] + 1} alone"
        scores[at[-1] if len(at) == 1 else "all"] = map_scores(name, found, truth, LEGEND)["boundary"]
    single = max(value for key, value in scores.items() if key != "all")
    shown(
        {
            "IoU of simulated boundaries, three dates": scores["all"],
            "IoU of simulated boundaries, the best single date": single,
            "IoU of simulated boundaries, limit on the gradient": strongest["boundary"],
        }
    )


def _iou(found, truth) -> float:
    return float((found & (truth == 1)).sum() / (found | (truth == 1)).sum())


def gradient(x):
    """Return the largest step of NDVI to one of four neighbours over the dates (n, h, w)."""
    ndvi = (x[:, :, 1] - x[:, :, 0]) / (x[:, :, 1] + x[:, :, 0])
    found = np.zeros_like(ndvi)
    for axis in (-2, -1):
        step = np.abs(np.diff(ndvi, axis=axis))
        ahead, behind = [(0, 0)] * 4, [(0, 0)] * 4
        ahead[axis], behind[axis] = (0, 1), (1, 0)
        found = np.maximum(found, np.maximum(np.pad(step, ahead), np.pad(step, behind)))
    return found.max(1)


def mosaics(windows: int, seed: int):
    """Return windows (n, 3, 2, h, w) of red and near infrared, and the pixels on both sides of a border."""
    rng = np.random.default_rng(seed)
    # NDVI of the crops on the three dates: every pair is similar on at least one of them.
    crops = np.array([[0.75, 0.3, 0.25], [0.3, 0.8, 0.3], [0.3, 0.78, 0.75], [0.72, 0.7, 0.7], [0.28, 0.32, 0.72]])
    rows, columns = np.mgrid[:SIDE, :SIDE]
    x, labels = np.empty((windows, 3, 2, SIDE, SIDE), "float32"), np.empty((windows, SIDE, SIDE), "int64")
    for i in range(windows):
        turn = rng.uniform(0, np.pi)
        along = rows * np.cos(turn) + columns * np.sin(turn)
        across = columns * np.cos(turn) - rows * np.sin(turn)
        # Strips of several widths, cut into fields of several lengths.
        cuts = np.cumsum(rng.uniform(7, 16, 30)) - 150
        strip = np.searchsorted(cuts, along)
        shift, length = rng.uniform(0, 40, 40)[strip], rng.uniform(12, 30, 40)[strip]
        field = np.unique(strip * 1000 + np.floor((across + shift) / length).astype(int), return_inverse=True)[1]
        field = field.reshape(SIDE, SIDE)
        ends = np.zeros((SIDE, SIDE), bool)
        below, right = field[:-1] != field[1:], field[:, :-1] != field[:, 1:]
        # Both sides belong to a boundary: a convention that has a direction would not survive turned windows.
        ends[:-1] |= below
        ends[1:] |= below
        ends[:, :-1] |= right
        ends[:, 1:] |= right
        kinds = rng.integers(len(crops), size=field.max() + 1)
        level = crops[kinds].T + rng.normal(0, 0.03, (3, len(kinds)))
        ndvi = (level[:, field] + rng.normal(0, 0.03, (3, SIDE, SIDE))).clip(0.02, 0.95)
        nir = 0.3 + rng.normal(0, 0.01, ndvi.shape)
        x[i], labels[i] = np.stack([nir * (1 - ndvi) / (1 + ndvi), nir], axis=1), ends
    return x, labels


PARTS = {"fields": pictures, "stacks": stacks}

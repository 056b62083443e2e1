"""Effect of scale and size of the images on the vectors of a real encoder: Galileo nano on EuroSAT chips (red, green, blue).

``EOW_DATA=FOLDER python -m benchmarks.encoders_scale [--each 150]``. The folder holds ``galileo/encoder.pt`` and
``eurosat_rgb/eurosat_rgb_train.tar.gz``. Half of the chips of each class train a linear probe and a nearest-neighbour rule, the
others test them, for five draws. The chips have no coordinates: neighbours of one scene may lie on both sides.
"""

from __future__ import annotations

import argparse
import io
import os
import tarfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from eowidgets.models.encode.galileo import Galileo

BANDS = ("red", "green", "blue")
#: Reflectance that maps to 255 in the images: they are assumed to be stretched from 0 to 2750.
TOP = 0.275
METRES = 10.0
DRAWS, NEIGHBOURS, BATCH = 5, 5, 25


def chips(folder: Path, each: int) -> tuple[Tensor, np.ndarray]:
    """Read images from 0 to 1, shape (n, 3, 64, 64), and their classes."""
    images: dict[str, list[np.ndarray]] = {}
    with tarfile.open(folder / "eurosat_rgb" / "eurosat_rgb_train.tar.gz") as archive:
        for member in archive:
            if not member.name.endswith(".jpg"):
                continue
            listed = images.setdefault(member.name.split("/")[-2], [])
            if len(listed) < each:
                listed.append(np.asarray(Image.open(io.BytesIO(archive.extractfile(member).read()))))
    x = (
        torch.from_numpy(np.stack([image for listed in images.values() for image in listed])).permute(0, 3, 1, 2)
        / 255.0
    )
    return x, np.repeat(np.arange(len(images)), [len(listed) for listed in images.values()])


def embed(model: Galileo, x: Tensor, side: int) -> np.ndarray:
    """Resize images bilinearly, and return a vector for each."""
    found = []
    for part in x.split(BATCH):
        larger = functional.interpolate(part, (side, side), mode="bilinear", align_corners=False)
        found.append(model.embed_images(larger, BANDS, resolution=METRES * x.shape[-1] / side))
    return torch.cat(found).numpy()


def scores(vectors: np.ndarray, classes: np.ndarray) -> tuple[list[float], list[float]]:
    """Return accuracies of a logistic regression and of five neighbours by cosine on standardised vectors."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.preprocessing import StandardScaler

    linear, near = [], []
    for seed in range(DRAWS):
        train, test = train_test_split(np.arange(len(classes)), test_size=0.5, stratify=classes, random_state=seed)
        x = StandardScaler().fit(vectors[train]).transform(vectors)
        probe = LogisticRegression(C=0.1, max_iter=2000).fit(x[train], classes[train])
        linear.append(probe.score(x[test], classes[test]))
        rule = KNeighborsClassifier(NEIGHBOURS, metric="cosine").fit(x[train], classes[train])
        near.append(rule.score(x[test], classes[test]))
    return linear, near


def report(name: str, vectors: np.ndarray, classes: np.ndarray, seconds: float) -> None:
    """Print a row of the table."""
    parts = [f"{np.mean(part):.3f} ({min(part):.3f}-{max(part):.3f})" for part in scores(vectors, classes)]
    print(f"| {name} | {parts[0]} | {parts[1]} | {seconds:.0f} |", flush=True)


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--each", type=int, default=150, help="chips per class")
    arguments.add_argument("--sides", type=int, nargs="*", default=[64, 128, 224])
    given = arguments.parse_args()
    torch.set_num_threads(1)
    folder = Path(os.environ["EOW_DATA"])
    x, classes = chips(folder, given.each)
    print("| images | linear probe | 5 neighbours | seconds |\n|---|---|---|---|")
    plain = torch.cat([x.mean((2, 3)), x.std((2, 3))], 1).numpy()
    report("mean and deviation of each band", plain, classes, 0)
    torch.manual_seed(0)
    trained = Galileo(weights=str(folder / "galileo" / "encoder.pt"), patch=8)
    networks = {"Galileo-nano": trained, "the same network, untrained": Galileo(Galileo().build().eval(), patch=8)}
    scales = {"right": TOP, "numbers 0 to 1 for 0 to 10 000": TOP / 10_000, "picture 0 to 1 as reflectance": 1.0}
    for side in given.sides:
        for network, model in networks.items():
            for scale, factor in scales.items():
                if (side > 64 and factor == 1.0) or (network != "Galileo-nano" and factor != TOP):
                    continue
                start = time.perf_counter()
                vectors = embed(model, x * factor, side)
                report(f"{network}, {side} px, scale {scale}", vectors, classes, time.perf_counter() - start)


if __name__ == "__main__":
    main()

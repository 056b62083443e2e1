"""Train the shipped U-Net on field outlines of the Midwest: ``python -m training.fields FOLDER`` (about 6 minutes on one core).

FOLDER holds ``images/*.png`` and ``annotations.json`` of github.com/superlinear-ai/agoro-field-boundary-detector (MIT):
pictures of 1024 pixels of about 1 m, which are read at half that resolution. Pictures are the units of the split: three are
held out for ``benchmarks/trainable.py`` and read by nothing else; the shipped weights are the measured ones.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from eowidgets.contract.weights import to_json, write
from eowidgets.learn import Plan, one_cycle, train
from eowidgets.models.blocks.supervised import balanced
from eowidgets.models.blocks.unet import UNet
from eowidgets.models.fields import unet
from eowidgets.models.fields.unet.card import BOUNDARY, FIELD, OTHER
from eowidgets.models.fields.unet.config import SHIPPED
from eowidgets.models.fields.unet.model import scale_of, scaled
from training.ship import ship

#: Held out: west, middle and east of the region.
TEST = ("40.055827--92.273265", "41.8049052687692--89.9462267030189", "40.750285--94.799985")
#: Width of a boundary in pixels of 2 m.
WIDTH = 3
SIDE, ROWS, STEPS, RATE = 128, 6, 700, 2e-3


@dataclass(frozen=True)
class Picture:
    """A picture with its classes.

    Attributes
    ----------
    name : str
    x : Tensor (3, h, w), float32
        0 to 1.
    label : Tensor (h, w), int64
    """

    name: str
    x: Tensor
    label: Tensor


def read(folder: Path) -> list[Picture]:
    """Read all pictures at half of their resolution."""
    notes = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    outlines = {note["filename"].removesuffix(".png"): note["regions"] for note in notes.values()}
    found = []
    for path in sorted((folder / "images").glob("*.png")):
        whole = Image.open(path).convert("RGB")
        size = (whole.width // 2, whole.height // 2)
        x = np.asarray(whole.resize(size, Image.Resampling.BOX), np.float32) / 255
        label = torch.from_numpy(classes_of(outlines[path.stem], size))
        found.append(Picture(path.stem, torch.from_numpy(x).movedim(-1, 0).contiguous(), label))
    return found


def classes_of(regions: list[dict], size: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Draw fields, then all of their outlines."""
    image = Image.new("L", size, OTHER)
    draw = ImageDraw.Draw(image)
    shapes = [region["shape_attributes"] for region in regions]
    rings = [
        [(x / 2, y / 2) for x, y in zip(shape["all_points_x"], shape["all_points_y"], strict=True)]
        for shape in shapes
        if len(shape["all_points_x"]) > 2
    ]
    for ring in rings:
        draw.polygon(ring, fill=FIELD)
    for ring in rings:
        draw.line([*ring, ring[0]], fill=BOUNDARY, width=WIDTH, joint="curve")
    return np.asarray(image, np.int64)


def crop(picture: Picture, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Cut a square, rotate it, and vary its colours slightly."""
    h, w = picture.label.shape
    top, left = rng.integers(h - SIDE + 1), rng.integers(w - SIDE + 1)
    scale = scale_of(picture.x)
    x = scaled(picture.x[None], scale)[0][:, top : top + SIDE, left : left + SIDE]
    label = picture.label[top : top + SIDE, left : left + SIDE]
    shift, gain = rng.normal(0, 0.2, (2, 3, 1, 1)).astype("float32")
    x = x * torch.from_numpy(np.exp(gain)) + torch.from_numpy(shift)
    quarters = int(rng.integers(4))
    x, label = torch.rot90(x, quarters, (-2, -1)), torch.rot90(label, quarters, (-2, -1))
    return (x.flip(-1), label.flip(-1)) if rng.random() < 0.5 else (x, label)


def main() -> None:
    """Train, and write the weights into their folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=Path("runs/fields"))
    given = parser.parse_args()
    pictures = [one for one in read(given.folder) if one.name not in TEST]
    torch.manual_seed(0)
    network = UNet(SHIPPED)
    measure = balanced(torch.stack([one.label for one in pictures]), SHIPPED.outputs)

    def loss(step) -> Tensor:
        chosen = step.rng.integers(len(pictures), size=ROWS)
        x, label = (torch.stack(part) for part in zip(*(crop(pictures[i], step.rng) for i in chosen), strict=True))
        return measure(network(x), label)

    plan = Plan(steps=given.steps, rate=RATE, schedule=one_cycle, clip=1.0, average=0.99, every=50)
    done = train(network, loss, plan, folder=given.out)
    print(f"{len(pictures)} pictures, {done.step} steps, loss {done.loss:.3f}, {done.seconds:.0f} s of one core")
    path = given.out / "fields.safetensors"
    write(path, network, {"config": to_json(SHIPPED)})
    ship(Path(unet.__file__).parent, "fields.midwest", path)


if __name__ == "__main__":
    main()

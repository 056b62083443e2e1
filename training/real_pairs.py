"""Draw training pairs from real pictures of which hardly any shows a changed building.

- *Two places* (single-temporal supervision; Zheng et al., 2021, "Change is everywhere"): pictures of two places as if they
  were one; a building in only one of them is change. *Open ground*: the same, one of them without any building.
- *Removed*: buildings of one date are covered with ground from nearby.
- *Pasted*: buildings of other places, with their shadow, are put into one date of an unchanged pair of years.
- *Two years*: a place without changed buildings. *Same picture*: one picture twice.

Roads are not annotated in these pictures: a pixel without changed building is labelled :data:`UNBUILT` where a road may
have changed. The order of the dates is drawn by the caller, together with light and disturbances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image

from eowidgets.models.change.lenet.network import UNBUILT, UNKNOWN
from training.real_places import REBUILT, Place

Picture = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]

BUILDING = 2
#: Pixel sizes, in metres, that most pairs are drawn at, and the range of the others.
USUAL_METRES, METRES = (0.4, 0.7), (0.3, 1.4)
#: Pictures of two dates are enlarged at most by this factor: beyond it they are blurred.
COARSER = 2.0
#: Shares of the kinds of pairs.
KINDS = {
    "two places": 0.16,
    "open ground": 0.16,
    "removed": 0.18,
    "pasted": 0.20,
    "two years": 0.20,
    "same picture": 0.10,
}
#: Smallest building that is removed or pasted, in pixels of its picture.
SMALL = 60


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A building cut out with its surroundings."""

    metres: float
    image: npt.NDArray[np.uint8]
    mask: Labels


@dataclass(frozen=True, slots=True)
class Turn:
    """A quarter turn and a mirror."""

    quarters: int
    mirror: bool

    def __call__(self, x: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Turn (..., h, w)."""
        y = np.rot90(x, self.quarters, (-2, -1))
        return y[..., ::-1] if self.mirror else y


class RealPairs:
    """Draws pairs (2, 3, side, side), 0..1, with labels (side, side).

    Parameters
    ----------
    places : sequence of Place
        Places of the training part; the split is the task of the caller.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self.labelled = [p for p in places if p.buildings is not None]
        self.built = [p for p in self.labelled if (p.buildings == 1).any()]  # type: ignore[union-attr]
        self.bare = [p for p in self.labelled if not (p.buildings == 1).any()]  # type: ignore[union-attr]
        self.pairs = [p for p in places if len(p.dates) > 1 and not p.name.startswith(REBUILT)]
        self.built_pairs = [p for p in self.pairs if p.buildings is not None and (p.buildings == 1).any()]
        #: Ground on which a pasted building cannot cover an unlabelled one.
        self.open = [p for p in self.pairs if p.buildings is not None or p.name.startswith(("airchange", "chesapeake"))]
        self.instances = [i for p in self.built for i in instances(p)]
        if not (self.built and self.pairs and self.open and self.instances):
            raise ValueError("real pairs need places with building masks and places with two dates")

    def draw(
        self, rng: np.random.Generator, side: int, kind: str = "any", metres: float | None = None
    ) -> tuple[Picture, Labels]:
        """Draw a pair of a kind of :data:`KINDS`, or of any by their shares, with pixels of ``metres`` or of any size."""
        if kind == "any":
            kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
        if metres is None:
            metres = float(rng.uniform(*USUAL_METRES))
            if rng.random() < 0.4:
                metres = float(np.exp(rng.uniform(*np.log(METRES))))
        makers = {
            "two places": self._two_places,
            "open ground": self._open_ground,
            "removed": self._removed,
            "pasted": self._pasted,
            "two years": self._two_years,
            "same picture": self._same_picture,
        }
        return makers[kind](rng, side, metres)

    def _two_places(self, rng: np.random.Generator, side: int, metres: float) -> tuple[Picture, Labels]:
        first, second = (self._canvas(self.built, rng, side, metres) for _ in range(2))
        return np.stack([first[0], second[0]]), _either(first[1], second[1])

    def _open_ground(self, rng: np.random.Generator, side: int, metres: float) -> tuple[Picture, Labels]:
        first = self._canvas(self.built, rng, side, metres)
        second = self._canvas(self.bare or self.built, rng, side, metres)
        return np.stack([second[0], first[0]]), _either(first[1], second[1])

    def _removed(self, rng: np.random.Generator, side: int, metres: float) -> tuple[Picture, Labels]:
        if self.built_pairs and rng.random() < 0.5:  # of two years
            place = self.built_pairs[int(rng.integers(len(self.built_pairs)))]
            pair, mask, _ = _two_dates(place, rng, side, max(metres, place.metres / COARSER))
            image, other = pair
        else:
            image, mask = self._canvas(self.built, rng, side, metres)
            other = image
        without, gone, touched = removed(image, mask, rng, float(rng.choice((0.3, 0.6, 1.0))))
        truth = np.where(mask == UNKNOWN, UNKNOWN, 0).astype(np.uint8)
        truth[touched] = UNBUILT
        truth[gone] = BUILDING
        return np.stack([without, other]), truth

    def _pasted(self, rng: np.random.Generator, side: int, metres: float) -> tuple[Picture, Labels]:
        place = self.open[int(rng.integers(len(self.open)))]
        pair, mask, truth = _two_dates(place, rng, side, max(metres, place.metres / COARSER))
        taken = mask != 0 if place.buildings is not None else np.zeros((side, side), bool)
        date = int(rng.integers(2))
        for _ in range(int(rng.choice((1, 2, 4, 8, 16)))):
            one = self.instances[int(rng.integers(len(self.instances)))]
            _paste(pair[date], truth, taken, one, rng, metres)
        return pair, truth

    def _same_picture(self, rng: np.random.Generator, side: int, metres: float) -> tuple[Picture, Labels]:
        image, _ = self._canvas(self.labelled, rng, side, metres)
        return np.stack([image, image]), np.zeros((side, side), np.uint8)

    def _two_years(self, rng: np.random.Generator, side: int, metres: float) -> tuple[Picture, Labels]:
        place = self.pairs[int(rng.integers(len(self.pairs)))]
        pair, _, truth = _two_dates(place, rng, side, max(metres, place.metres / COARSER))
        return pair, truth

    def _canvas(
        self, among: Sequence[Place], rng: np.random.Generator, side: int, metres: float
    ) -> tuple[Picture, Labels]:
        """Fill a square with one picture, or with four where pictures are small: image and building mask."""
        image, mask = np.zeros((3, side, side), np.float32), np.full((side, side), UNKNOWN, np.uint8)
        place = among[int(rng.integers(len(among)))]
        short = min(place.dates.shape[-2:]) * place.metres / metres
        cuts = [0, side] if short >= 0.8 * side else [0, int(rng.uniform(0.35, 0.65) * side), side]
        for top, bottom in pairwise(cuts):
            for left, right in pairwise(cuts):
                place = among[int(rng.integers(len(among)))] if len(cuts) > 2 else place
                turn = Turn(int(rng.integers(4)), bool(rng.integers(2)))
                date = place.dates[int(rng.integers(len(place.dates)))]
                part, known = _view(
                    [date], place.buildings, place.metres, rng, max(bottom - top, right - left), metres, turn
                )
                window = (slice(top, bottom), slice(left, right))
                image[(slice(None), *window)] = part[0][:, : bottom - top, : right - left]
                mask[window] = known[: bottom - top, : right - left]
        return image, mask


def instances(place: Place) -> list[Instance]:
    """Cut out the buildings of a place that do not touch its edge, with a margin for their shadow."""
    from scipy.ndimage import find_objects, label

    labels, _ = label(place.buildings == 1)
    h, w = labels.shape
    found = []
    for i, box in enumerate(find_objects(labels), start=1):
        rows, columns = box
        mask = labels[box] == i
        long = max(mask.shape) * place.metres
        if mask.sum() < SMALL or long > 70 or long < 6:
            continue
        margin = round(5 / place.metres)
        if rows.start < margin or columns.start < margin or rows.stop > h - margin or columns.stop > w - margin:
            continue
        wide = (slice(rows.start - margin, rows.stop + margin), slice(columns.start - margin, columns.stop + margin))
        date = place.dates[0]
        found.append(Instance(place.metres, date[(slice(None), *wide)], (labels[wide] == i).astype(np.uint8)))
    return found


def removed(
    image: Picture, mask: Labels, rng: np.random.Generator, share: float
) -> tuple[Picture, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Cover a share of the buildings with ground from nearby.

    Returns
    -------
    (ndarray, ndarray, ndarray)
        The picture without them, the mask of their pixels, and the mask of other changed pixels.
    """
    from scipy.ndimage import binary_dilation, gaussian_filter, label

    h, w = mask.shape
    labels, n = label(mask == 1)
    near = binary_dilation(mask != 0, iterations=2)
    out, gone, touched = image.copy(), np.zeros((h, w), bool), np.zeros((h, w), bool)
    for i in rng.permutation(n) + 1:
        if rng.random() > share:
            continue
        patch = binary_dilation(labels == i, iterations=int(rng.integers(2, 9)))
        rows, columns = np.nonzero(patch)
        best: tuple[float, npt.NDArray[np.intp], npt.NDArray[np.intp]] | None = None
        for _ in range(12):
            reach = max(int(np.ptp(rows)), int(np.ptp(columns))) + 12
            r, c = (
                rows + int(rng.integers(-2 * reach, 2 * reach + 1)),
                columns + int(rng.integers(-2 * reach, 2 * reach + 1)),
            )
            # Mirrored at the edges of the picture.
            r, c = np.abs((h - 1) - np.abs((h - 1) - r) % (2 * h)), np.abs((w - 1) - np.abs((w - 1) - c) % (2 * w))
            r, c = r.clip(0, h - 1), c.clip(0, w - 1)
            covered = float(near[r, c].mean())
            if best is None or covered < best[0]:
                best = covered, r, c
            if covered == 0:
                break
        if best is None or best[0] > 0.1:  # a dense block has no ground to copy
            continue
        soft = gaussian_filter(patch.astype(np.float32), 1.2)[rows, columns]
        out[:, rows, columns] = soft * image[:, best[1], best[2]] + (1 - soft) * out[:, rows, columns]
        gone |= labels == i
        touched |= patch
    return out, gone, touched


def _either(a: Labels, b: Labels) -> Labels:
    """Combine labels of two unrelated places: a building in one is change, in both it is unknown."""
    truth = np.full(a.shape, UNBUILT, np.uint8)
    truth[(a == 1) ^ (b == 1)] = BUILDING
    truth[(a == 1) & (b == 1)] = UNKNOWN
    truth[(a == UNKNOWN) | (b == UNKNOWN)] = UNKNOWN
    return truth


def _two_dates(place: Place, rng: np.random.Generator, side: int, metres: float) -> tuple[Picture, Labels, Labels]:
    """Draw one area of a place on two dates: pictures, building mask, labels (unknown at annotated changes)."""
    dates = rng.permutation(len(place.dates))[:2]
    turn = Turn(int(rng.integers(4)), bool(rng.integers(2)))
    mask = place.buildings
    if mask is None:
        mask = np.zeros(place.dates.shape[-2:], np.uint8)
    both = mask if place.change is None else np.where(place.change > 0, UNKNOWN, mask).astype(np.uint8)
    pair, known = _view([place.dates[d] for d in dates], both, place.metres, rng, side, metres, turn)
    truth = np.zeros((side, side), np.uint8)
    if place.change is not None:
        truth[known == UNKNOWN] = UNKNOWN
    return pair, known, truth


def _view(
    dates: Sequence[npt.NDArray[np.uint8]],
    mask: Labels | None,
    own: float,
    rng: np.random.Generator,
    side: int,
    metres: float,
    turn: Turn,
) -> tuple[Picture, Labels]:
    """Cut a square out of pictures of one place and bring it to another pixel size; small places are mirrored."""
    h, w = dates[0].shape[-2:]
    need = max(round(side * metres / own), 8)
    cut = min(need, h, w)
    r, c = int(rng.integers(0, h - cut + 1)), int(rng.integers(0, w - cut + 1))
    window = (slice(r, r + cut), slice(c, c + cut))
    size = side if cut == need else max(round(cut * own / metres), 8)
    pictures = np.stack([_scaled(turn(d[(slice(None), *window)]), size) for d in dates])
    known = np.full((cut, cut), UNKNOWN, np.uint8) if mask is None else mask[window]
    labels = np.asarray(
        Image.fromarray(np.ascontiguousarray(turn(known))).resize((size, size), Image.Resampling.NEAREST)
    )
    short = side - size
    while short > 0:
        step = min(short, labels.shape[0] - 1)
        pictures = np.pad(pictures, ((0, 0), (0, 0), (0, step), (0, step)), mode="reflect")
        labels = np.pad(labels, ((0, step), (0, step)), mode="reflect")
        short -= step
    return pictures.astype(np.float32) / 255, np.array(labels)


def _scaled(image: npt.NDArray[np.generic], size: int) -> npt.NDArray[np.uint8]:
    """Resize (3, n, n) uint8 to (3, size, size): average where it shrinks, bicubic where it grows."""
    picture = Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
    method = Image.Resampling.BOX if size < image.shape[-1] else Image.Resampling.BICUBIC
    if size < image.shape[-1]:
        method = Image.Resampling.BILINEAR  # Pillow widens the kernel when it shrinks
    return np.asarray(picture.resize((size, size), method)).transpose(2, 0, 1)


def _paste(
    image: Picture, truth: Labels, taken: npt.NDArray[np.bool_], one: Instance, rng: np.random.Generator, metres: float
) -> None:
    """Put a building into a picture (3, side, side) where the ground is free, with soft edges."""
    from scipy.ndimage import gaussian_filter

    side = taken.shape[0]
    factor = one.metres / metres * float(rng.uniform(0.85, 1.2))
    h, w = (max(round(n * factor), 3) for n in one.mask.shape)
    if max(h, w) > 0.7 * side or min(h, w) < 6:
        return
    resized = np.asarray(
        Image.fromarray(np.ascontiguousarray(one.image.transpose(1, 2, 0))).resize((w, h), Image.Resampling.BILINEAR)
    ).transpose(2, 0, 1)
    mask = np.asarray(Image.fromarray(255 * one.mask).resize((w, h), Image.Resampling.BILINEAR)) > 127
    turn = Turn(int(rng.integers(4)), bool(rng.integers(2)))
    part, mask = np.asarray(turn(resized), np.float32) / 255, np.asarray(turn(mask), bool)
    h, w = mask.shape
    for _ in range(6):
        r, c = int(rng.integers(0, side - h + 1)), int(rng.integers(0, side - w + 1))
        window = (slice(r, r + h), slice(c, c + w))
        if (taken[window] & mask).any() or mask.sum() < 9:
            continue
        # Its garden and shadow fade into the ground around it.
        reach = float(rng.uniform(0.5, 3.0)) / metres
        alpha = np.clip(2.2 * gaussian_filter(mask.astype(np.float32), max(reach, 0.6)), 0, 1)
        alpha = np.maximum(alpha, gaussian_filter(mask.astype(np.float32), 0.6))
        ground = image[(slice(None), *window)]
        # Halfway to the brightness of the ground below it.
        margin = alpha < 0.5
        there, here = (float(x.mean(axis=0)[margin].mean()) + 0.02 if margin.any() else 1.0 for x in (ground, part))
        light = float(np.exp(rng.normal(0, 0.15))) * float(np.clip(there / here, 0.5, 2.0)) ** 0.5
        image[(slice(None), *window)] = ground + alpha * (np.clip(light * part, 0, 1) - ground)
        truth[window] = np.where(mask, BUILDING, np.where((alpha > 0.3) & (truth[window] == 0), UNBUILT, truth[window]))
        taken[window] |= mask
        return

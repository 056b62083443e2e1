"""Tools of the MCI model for two images: detect, count, where, area, describe. Plain functions of arrays.

In Change-Agent a language model calls such tools; any program, or a person, may call these.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.cube.labels import NO_CHANGE, PLACES
from eowidgets.errors import InputError, ModelError, unknown
from eowidgets.models.change import weights
from eowidgets.models.change.mci.captioner import END
from eowidgets.models.change.mci.card import WEIGHTS
from eowidgets.models.change.mci.consensus import consensus, mirrored
from eowidgets.models.change.mci.network import MCI
from eowidgets.models.change.pictures import standardised, statistics
from eowidgets.models.change.views import VIEWS, probabilities, zoom_of

Classes = npt.NDArray[np.uint8]
Picture = npt.NDArray[np.floating[Any]]

KINDS = {"road": 1, "building": 2}
#: Largest image side in pixels that the network processes at once; larger images are tiled for maps, resampled for sentences.
SIDE = 256
#: Default number of views that the map is averaged over.
USUAL_VIEWS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Result of :func:`detect`.

    Attributes
    ----------
    classes : ndarray, shape (h, w), uint8
        0 nothing, 1 road, 2 building.
    probability : ndarray, shape (h, w), float32
        Of the predicted class.
    """

    classes: Classes
    probability: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sentence:
    """Result of :func:`describe`: the sentence and the mean log-probability of a word (in the likeliest view)."""

    text: str
    score: float


class Interpreter:
    """The MCI network with its vocabulary.

    Parameters
    ----------
    network : MCI
    vocabulary : sequence of str
        Words by number.
    """

    def __init__(self, network: MCI, vocabulary: list[str]) -> None:
        if len(vocabulary) != network.config.words:
            raise ModelError(
                f"The network has {network.config.words} words, but the vocabulary has {len(vocabulary)}: give "
                f"the vocabulary of the network."
            )
        self.network, self.vocabulary = network.eval(), vocabulary

    @classmethod
    @lru_cache(maxsize=1)
    def shipped(cls) -> Interpreter:
        """Load the shipped weights and vocabulary."""
        network, about = weights.load(WEIGHTS)
        if not isinstance(network, MCI):
            raise ModelError("The weights of the MCI model belong to another network: reinstall the package.")
        return cls(network, json.loads(about["vocabulary"]))

    def words(self, numbers: list[int]) -> str:
        """Convert word numbers to a sentence."""
        return " ".join(self.vocabulary[n] for n in numbers if n != END)


def _pair(before: Picture, after: Picture) -> Tensor:
    """Return both images, standardised, (2, 3, h, w)."""
    if before.shape != after.shape:
        raise InputError(f"The images have shapes {before.shape} and {after.shape}: resample both to one grid first.")
    if before.ndim != 3 or before.shape[0] != 3 or min(before.shape[1:]) < 8:
        raise InputError(
            f"An image has shape {before.shape}: give red, green and blue, (3, h, w), of at least 8 x 8 pixels."
        )
    x = torch.as_tensor(np.stack([before, after]).astype(np.float32))
    seen = torch.isfinite(x).all(dim=1)
    if not bool(seen.flatten(1).any(dim=1).all()):
        raise InputError("One of the images has no observed pixel: choose another date.")
    x = x.nan_to_num()
    return standardised(x, *statistics(x, seen)) * seen.unsqueeze(1)


def detect(
    before: Picture,
    after: Picture,
    interpreter: Interpreter | None = None,
    *,
    network: nn.Module | None = None,
    views: int = USUAL_VIEWS,
    resolution: float | None = None,
) -> Found:
    """Map new and vanished roads and buildings.

    Parameters
    ----------
    before, after : ndarray, shape (3, h, w)
        Red, green, blue, in any units; NaN where nothing was observed.
    interpreter : Interpreter, optional
        The shipped one if not given.
    network : Module, optional
        Another network with ``multiple`` and the same classes, for example LENet.
    views : {1, 4, 8}
        Mirrored and rotated views whose probabilities are averaged.
    resolution : float, optional
        Pixel size in metres; images with pixels of 0.75 to 2.5 m are enlarged to about half a metre.

    Returns
    -------
    Found

    Raises
    ------
    InputError
        For images of different or wrong shapes, without an observed pixel, or an unsupported number of views.
    """
    if views not in VIEWS:
        raise InputError(f"views is {views}: give one of {', '.join(map(str, VIEWS))}.")
    chosen: Any = network or (interpreter or Interpreter.shipped()).network
    x = _pair(before, after)
    h, w = x.shape[-2:]
    step = max(chosen.multiple, SIDE // chosen.multiple * chosen.multiple)
    padded = functional.pad(x, (0, -w % step, 0, -h % step), mode="replicate")
    share = torch.empty(chosen.config.classes, *padded.shape[-2:])
    with torch.inference_mode():
        for r in range(0, padded.shape[-2], step):
            for c in range(0, padded.shape[-1], step):
                tile = padded[..., r : r + step, c : c + step]
                share[:, r : r + step, c : c + step] = probabilities(
                    chosen, tile[:1], tile[1:], views, zoom_of(resolution)
                )[0]
    best, classes = share[:, :h, :w].max(dim=0)
    return Found(classes.numpy().astype(np.uint8), best.numpy())


def count(classes: Classes, kind: str = "building", least: int = 40) -> int:
    """Count separate objects of a kind.

    Parameters
    ----------
    classes : ndarray, shape (h, w)
    kind : {"building", "road"}
    least : int
        Minimum size in pixels; 40 pixels of half a metre are 10 m².
    """
    from scipy.ndimage import label

    labels, n = label(classes == _number(kind))
    return int((np.bincount(labels.ravel(), minlength=n + 1)[1:] >= least).sum())


def where(classes: Classes, kind: str = "building") -> str:
    """Return the part of the image in which objects of a kind lie.

    Returns
    -------
    str
        ``"top left"`` ... ``"center"`` ... ``"bottom right"``, ``"everywhere"`` if they extend over more than 60 % of both
        sides, ``"nowhere"`` if there are none.
    """
    rows, columns = np.nonzero(classes == _number(kind))
    if not rows.size:
        return "nowhere"
    h, w = classes.shape
    spread = [np.subtract(*np.percentile(v, (90, 10))) / n > 0.6 for v, n in ((rows, h), (columns, w))]
    if all(spread):
        return "everywhere"
    i = 1 if spread[0] else int(np.digitize((rows.mean() + 0.5) / h, (0.36, 0.64)))
    j = 1 if spread[1] else int(np.digitize((columns.mean() + 0.5) / w, (0.36, 0.64)))
    return PLACES[i][j]


def area(classes: Classes, kind: str = "building", resolution: float = 0.5) -> float:
    """Return the area of a kind in square metres, for pixels of ``resolution`` metres."""
    return float(np.count_nonzero(classes == _number(kind)) * resolution**2)


def describe(before: Picture, after: Picture, interpreter: Interpreter | None = None, *, beams: int = 16) -> Sentence:
    """Describe the change in one English sentence.

    The network was trained on images of 256 pixels of half a metre; a larger image is resampled to that size.

    Raises
    ------
    InputError
        As :func:`detect`.
    """
    chosen = interpreter or Interpreter.shipped()
    x = _pair(before, after)
    if tuple(x.shape[-2:]) != (SIDE, SIDE):
        x = functional.interpolate(x, (SIDE, SIDE), mode="bilinear", antialias=True)
    return say(chosen, x, beams)


def say(interpreter: Interpreter, x: Tensor, beams: int = 16) -> Sentence:
    """Describe the change between two standardised images (2, 3, h, w).

    Beam search runs on the pair and on three mirrored copies; words for directions are mirrored back. Of all candidate
    sentences, :func:`~eowidgets.models.change.mci.consensus.consensus` selects one.
    """
    network = interpreter.network
    found: dict[str, float] = {}
    surest: dict[str, float] = {}
    with torch.inference_mode():
        for across, down in product((False, True), repeat=2):
            turned = x.flip([d for d, use in ((-1, across), (-2, down)) if use])
            lines = network.captioner.beam(network.remember(*network.see(turned[:1], turned[1:])), beams)
            total = sum(math.exp(score) for _, score in lines)
            for numbers, score in lines:
                text = mirrored(interpreter.words(numbers), across, down)
                found[text] = found.get(text, 0.0) + math.exp(score) / total
                surest[text] = max(surest.get(text, -math.inf), score / (len(numbers) + 1))
    text = consensus(found, NO_CHANGE)
    # A "nothing changed" sentence may be selected that no beam has kept: it gets the score of its equivalents.
    alike = [text] if text in surest else [s for s in surest if s in NO_CHANGE]
    return Sentence(text, max(surest[s] for s in alike))


def _number(kind: str) -> int:
    if kind not in KINDS:
        raise unknown("kind of change", kind, KINDS)
    return KINDS[kind]

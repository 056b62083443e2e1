"""A class map whose model is fitted again after every label, computed tile by tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr

from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.target import Target
from eowidgets.cube.export.layers import NO_CLASS
from eowidgets.errors import InputError, shown
from eowidgets.learn.session.features import GridFeatures, Tile
from eowidgets.models.taught.model import TaughtModel

Array = npt.NDArray[Any]
#: Head of the model that is fitted after every label: the fit takes a fraction of a second.
HEAD = "linear"


@dataclass(frozen=True)
class Pixels:
    """Labelled pixels.

    Attributes
    ----------
    rows, columns : array, shape (n,), int64
    target : array, shape (n,), int64
        Index of the class.
    label : array, shape (n,), int64
        Label that each pixel belongs to.
    """

    rows: Array
    columns: Array
    target: Array
    label: Array


@dataclass(frozen=True)
class Answer:
    """Prediction of a model for a tile; each array has the shape of the tile.

    Attributes
    ----------
    classes : array of uint8
        Values of classes, 255 if missing.
    probability : array of float32
        Probability of the class, NaN if missing.
    margin : array of float32
        Difference between the two highest probabilities.
    unlike : array of bool
        Whether a pixel is outside the area of applicability.
    """

    classes: Array
    probability: Array
    margin: Array
    unlike: Array


class LiveMap:
    """Fit a model to labelled pixels, and predict tiles with it.

    Parameters
    ----------
    grid : GridFeatures
    inside : array of bool, shape (h, w), optional
        Pixels to map.

    Attributes
    ----------
    model : TaughtModel or None
        The model of the last fit.
    """

    def __init__(self, grid: GridFeatures, inside: Array | None = None) -> None:
        self.grid, self.inside = grid, inside
        self.model: TaughtModel | None = None
        self.pixels: Pixels | None = None
        self._answers: dict[Tile, Answer] = {}

    def clear(self) -> None:
        """Remove the model and its predictions."""
        self.model, self.pixels, self._answers = None, None, {}

    def fit(self, pixels: Pixels, classes: tuple[ClassInfo, ...], name: str = "class", seed: int = 0) -> TaughtModel:
        """Fit the model; predictions of the previous one are removed.

        Raises
        ------
        InputError
            For labels of one class only.
        """
        present = np.unique(pixels.target)
        if len(present) < 2:
            raise InputError(
                f"All labels are of the class {shown(classes[int(present[0])].name)}: label a place of a second class."
            )
        x = self.grid.at(pixels.rows, pixels.columns)
        known = np.isfinite(x).all(axis=1)
        if len(np.unique(pixels.target[known])) < 2:
            raise InputError("The labelled places of all classes except one have no observation: label more places.")
        around = self.grid.around(seed)
        model = TaughtModel(self.grid.model.features, HEAD).fit_features(
            x[known].astype("float32"),
            pixels.target[known],
            pixels.label[known],
            self.grid.bands,
            Target(name, classes),
            around=around if len(around) else None,
            seed=seed,
        )
        self.model, self.pixels, self._answers = model, pixels, {}
        return model

    def predict(self, tile: Tile) -> Answer:
        """Return the prediction for a tile; missing features are computed."""
        found = self._answers.get(tile)
        if found is None:
            found = self._predict(tile)
            self._answers[tile] = found
        return found

    def _predict(self, tile: Tile) -> Answer:
        model = self.model
        assert model is not None  # noqa: S101  (fitted before)
        assert model.target is not None  # noqa: S101
        x = self.grid.of(tile)
        known = np.isfinite(x).all(axis=2)
        if self.inside is not None:
            known &= self.inside[tile.slices]
        values = np.array([c.value for c in model.target.classes], "uint8")
        classes, shape = np.full(tile.shape, NO_CLASS, "uint8"), tile.shape
        probability, margin = np.full(shape, np.nan, "float32"), np.full(shape, np.nan, "float32")
        unlike = np.zeros(shape, bool)
        if known.any():
            network: Any = model.network
            with torch.inference_mode():
                rows = torch.from_numpy(x[known].astype("float32"))
                chances = network(rows).softmax(dim=1)
                best = chances.topk(2, dim=1)
                classes[known] = values[best.indices[:, 0].numpy()]
                probability[known] = best.values[:, 0].numpy()
                margin[known] = (best.values[:, 0] - best.values[:, 1]).numpy()
                unlike[known] = (network.unlike(rows) > 1).numpy()
        return Answer(classes, probability, margin, unlike)

    def done(self, part: Tile | None = None) -> list[Tile]:
        """Return the tiles with predictions."""
        return [tile for tile in self.grid.tiles(part) if tile in self._answers]

    def values(self, part: Tile) -> Answer:
        """Return the prediction for a part of the grid; no class where there is none yet."""
        shape = part.shape
        found = Answer(
            np.full(shape, NO_CLASS, "uint8"),
            np.full(shape, np.nan, "float32"),
            np.full(shape, np.nan, "float32"),
            np.zeros(shape, bool),
        )
        for tile, one in list(self._answers.items()):
            if not tile.meets(part):
                continue
            top, left = max(tile.top, part.top), max(tile.left, part.left)
            bottom, right = min(tile.bottom, part.bottom), min(tile.right, part.right)
            inner = slice(top - tile.top, bottom - tile.top), slice(left - tile.left, right - tile.left)
            outer = slice(top - part.top, bottom - part.top), slice(left - part.left, right - part.left)
            for name in ("classes", "probability", "margin", "unlike"):
                getattr(found, name)[outer] = getattr(one, name)[inner]
        return found


def dataset(answer: Answer, classes: tuple[ClassInfo, ...], part: xr.Dataset, name: str = "class") -> xr.Dataset:
    """Return a prediction as variables on the grid of a part of a cube.

    Parameters
    ----------
    answer : Answer
    classes : tuple of ClassInfo
    part : Dataset
        Provides the coordinates.
    name : str
        Name of the class map; the other variables are ``<name>_probability`` and ``<name>_unlike``.
    """
    legend = {
        "flag_values": np.array([c.value for c in classes], "uint8"),
        "flag_meanings": " ".join("_".join(c.name.split()) for c in classes),
        "colors": " ".join(c.color for c in classes),
        "nodata": NO_CLASS,
        "long_name": name,
    }
    sure = {"long_name": "Probability of the class", "units": "1", "vmin": 0.0, "vmax": 1.0, "role": "probability"}
    far = {"long_name": "Unlike all labelled places", "role": "mask"}
    dims, empty = ("y", "x"), part.drop_vars(list(part.data_vars)).drop_dims("time", errors="ignore")
    return empty.assign(
        {
            name: (dims, answer.classes, legend),
            f"{name}_probability": (dims, answer.probability, sure),
            f"{name}_unlike": (dims, answer.unlike, far),
        }
    )

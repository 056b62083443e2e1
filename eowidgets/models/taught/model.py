"""A model of features and a head, fitted to labels in seconds."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Feed, Series, Windows
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.outputs import Output, Value, Vector
from eowidgets.contract.registry import get_model, register
from eowidgets.contract.target import Target
from eowidgets.contract.task import Task
from eowidgets.contract.trainable import Examples, Progress, Trainable
from eowidgets.errors import InputError, shown
from eowidgets.models.taught.heads import HEADS
from eowidgets.models.taught.network import TaughtNetwork
from eowidgets.models.taught.series import SERIES_FEATURES, series_features
from eowidgets.models.taught.texture import HALO, texture_features

TEXTURE = "texture"
#: Names that stand for several feature sets.
COMBINED: Mapping[str, tuple[str, ...]] = {"series": ("statistics", "months", "harmonics")}


@register
class TaughtModel(Trainable):
    """Predict a labelled target from features of a pixel's series, or of its surroundings.

    Parameters
    ----------
    features : str
        Sets of :data:`~eowidgets.models.taught.series.SERIES_FEATURES` joined by ``+``, ``"series"`` (three of them),
        ``"texture"``, or the name of a registered model that returns a vector, such as ``"presto"``.
    head : str
        Of :data:`~eowidgets.models.taught.heads.HEADS`.
    yearly : bool
        Whether to predict every calendar year of the cube from its own dates.
    encoder : mapping, optional
        Parameters of a registered model that returns a vector, such as ``{"weights": "hub"}``.
    target, bands, sizes
        See :class:`~eowidgets.contract.trainable.Trainable`.
    """

    name = "taught"
    task = Task.SEGMENT
    card = Card(
        title="Taught: features and a head",
        summary="Maps your labels from features of each pixel's time series or surroundings.",
        licence="Apache-2.0",
        paper="Area of applicability: Meyer and Pebesma (2021), Methods in Ecology and Evolution 12, 1620-1633",
        url="https://doi.org/10.1111/2041-210X.13650",
        limits="Limited by its labels: the score on held-out blocks is valid for places similar to the labelled ones.",
    )
    feed: ClassVar[Feed] = Series()

    def __init__(
        self,
        features: str = "statistics",
        head: str = "linear",
        yearly: bool = False,
        encoder: Mapping[str, Any] | None = None,
        target: Target | None = None,
        bands: tuple[str, ...] = (),
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.features, self.head, self.yearly, self.encoder = features, head, yearly, dict(encoder or {})
        if head not in HEADS:
            raise InputError(f"head is {shown(head)}: choose one of {', '.join(HEADS)}.")
        self.sets = feature_sets(features)
        self._encoder: Model | None = None
        super().__init__(target, bands, sizes)
        if not self.sets and features != TEXTURE:
            self._encoder = copy.copy(get_model(features, **self.encoder))
            vars(self)["feed"] = self._encoder.feed
        elif features == TEXTURE:
            vars(self)["feed"] = Windows(bands=self.bands or None, halo=HALO)

    @property
    def title(self) -> str:
        """Name of the features, or of the model that computes them."""
        return self.name if self._encoder is None else self._encoder.name

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Adapt the encoder to the bands of a cube."""
        if self._encoder is not None:
            self._encoder.adapt(bands)
            vars(self)["feed"] = self._encoder.feed

    def survey(self, cube: xr.Dataset) -> None:
        """Survey the cube with the encoder."""
        if self._encoder is not None:
            self._encoder = copy.copy(self._encoder)
            self._encoder.survey(cube)

    def compute(self, batch: Batch) -> Tensor:
        """Return the features of a batch.

        Parameters
        ----------
        batch : Batch

        Returns
        -------
        Tensor, shape (n, features) for series, (b, features, h, w) for windows
            NaN where features are missing.
        """
        if self.sets:
            return series_features(self.sets, batch)
        if self._encoder is None:
            return texture_features(batch)
        output = next((one for one in self._encoder.outputs(batch.bands) if isinstance(one, Vector)), None)
        if output is None:
            raise InputError(
                f"The model {shown(self.features)} returns no vectors: choose one of eow.list_models(task='embed'), or a set of "
                "features such as 'series'."
            )
        found = self._encoder.predict(batch)[output.name].float()
        if found.dim() == 2:  # series have no neighbours
            return found.masked_fill(~batch.usable.any(dim=1)[:, None], torch.nan)
        found = found.repeat_interleave(output.stride, dim=-2).repeat_interleave(output.stride, dim=-1)
        seen = batch.usable.any(dim=1)[:, None]
        return found[..., : seen.shape[-2], : seen.shape[-1]].masked_fill(~seen, torch.nan)

    def measure(self, examples: Examples) -> dict[str, int]:
        """Return an empty dict: the fit determines the sizes."""
        return {}

    def build(self, sizes: dict[str, int]) -> nn.Module:
        """Return the network without weights."""
        return TaughtNetwork(self.head, sizes)

    def train(self, network: nn.Module, examples: Examples, seed: int, progress: Progress) -> None:
        """Raise: :meth:`fit` fits a head directly, not step by step."""
        raise NotImplementedError

    def fit(self, examples: Examples, target: Target, *, seed: int = 0, progress: Progress = lambda _: None) -> Self:
        """Compute features and fit the head; see :class:`~eowidgets.contract.trainable.Trainable`."""
        with torch.inference_mode():
            x, y, row = rows_of(self.compute(examples.batch), examples.target)
        return self.fit_features(x, y, examples.group[row], examples.batch.bands, target, seed=seed)

    def fit_features(
        self,
        x: np.ndarray[Any, Any],
        y: np.ndarray[Any, Any],
        group: np.ndarray[Any, Any],
        bands: tuple[str, ...],
        target: Target,
        *,
        around: np.ndarray[Any, Any] | None = None,
        stands_for: np.ndarray[Any, Any] | None = None,
        seed: int = 0,
    ) -> Self:
        """Fit the head to precomputed features.

        Parameters
        ----------
        x : array, shape (n, features)
        y, group : array, shape (n,)
            Index of the class or number, and spatial block.
        bands : tuple of str
        target : Target
        around : array, shape (m, features), optional
            Features of unlabelled places, by which features are standardised, because labels may be few.
        stands_for : array, shape (classes,), optional
            Number of pixels that an example of each class represents.
        seed : int
        """
        sizes = {"features": x.shape[1], "outputs": max(1, len(target.classes)), "numeric": int(target.numeric)}
        network = TaughtNetwork.fit(self.head, x, y, sizes, group, seed, around)
        made = type(self)(self.features, self.head, self.yearly, self.encoder, target, bands, network.sizes)
        if stands_for is not None and not target.numeric:
            network.prior.copy_(torch.from_numpy(np.log(stands_for / stands_for.mean()).astype("float32")))
        made.network = network.requires_grad_(False)
        return made

    def out_dates(self, dates: Dates) -> Dates:
        """Return the middle of each calendar year if years are mapped separately."""
        return middles(dates) if self.yearly else dates

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: the target, and the dissimilarity of each pixel to the labelled places."""
        found = super().outputs(bands)
        words = "Distance to the training examples over its limit: above 1 outside the area of applicability"
        unlike = Value(f"{self._taught().name}_unlike", long_name=words, unit="1", vmin=0, vmax=2)
        return tuple(replace(cast(Any, o), dims="tyx" if self.yearly else "yx") for o in (*found, unlike))

    def forward(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return logits or numbers."""
        return self._answers(network, batch)[0]

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return calibrated probabilities or numbers, and the distance to the training examples."""
        if not self.yearly:
            return self._predict_once(batch)
        years = _years(batch.days)
        found = [
            self._predict_once(replace(batch, x=_masked(batch.x, keep), usable=_masked(batch.usable, keep)))
            for keep in (torch.as_tensor(years == year, device=batch.x.device) for year in np.unique(years))
        ]
        return {name: torch.stack([one[name] for one in found], dim=1) for name in found[0]}

    def _predict_once(self, batch: Batch) -> dict[str, Tensor]:
        target = self._taught()
        assert self.network is not None  # noqa: S101  (built with the target)
        answers, unlike = self._answers(self.network, batch)
        return {**self.named(answers), f"{target.name}_unlike": unlike}

    def _answers(self, network: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Apply the network to the rows with features; NaN elsewhere."""
        assert isinstance(network, TaughtNetwork)  # noqa: S101  (built here)
        found = self.compute(batch)
        rows = found if found.dim() == 2 else found.movedim(1, -1).flatten(0, -2)
        known = ~rows.isnan().any(dim=1)
        answers = rows.new_full((len(rows), network.head.sizes["outputs"]), torch.nan)
        unlike = rows.new_full((len(rows),), torch.nan)
        if bool(known.any()):
            answers[known], unlike[known] = network(rows[known]), network.unlike(rows[known])
        if found.dim() == 2:
            return answers, unlike
        b, _, h, w = found.shape
        return answers.view(b, h, w, -1).movedim(-1, 1), unlike.view(b, h, w)


def feature_sets(features: str) -> tuple[str, ...]:
    """Return the feature sets of series that a name stands for; empty for other features.

    Raises
    ------
    InputError
    """
    names = COMBINED.get(features) or tuple(features.split("+"))
    if all(name in SERIES_FEATURES for name in names):
        return names
    if len(names) > 1:
        known = ", ".join(SERIES_FEATURES)
        raise InputError(f"features is {shown(features)}: join names of {known} by '+', or give one name.")
    return ()


def rows_of(features: Tensor, target: Tensor) -> tuple[Any, Any, Any]:
    """Return features and targets of the pixels that have both, and the example number of each."""
    x = features if features.dim() == 2 else features.movedim(1, -1).flatten(0, -2)
    y = target.flatten()
    per = y.numel() // max(1, len(target))
    known = ~x.isnan().any(dim=1) & (~y.isnan() if y.is_floating_point() else y >= 0)
    row = torch.arange(len(target)).repeat_interleave(per)[known]
    return x[known].cpu().numpy(), y[known].cpu().numpy(), row.numpy()


def middles(dates: Dates) -> Dates:
    """Return the first of July of every calendar year in some dates."""
    years = np.unique(dates.astype("datetime64[Y]"))
    return (years.astype("datetime64[M]") + np.timedelta64(6, "M")).astype("datetime64[ns]")


def _years(days: Tensor) -> np.ndarray[Any, Any]:
    found: np.ndarray[Any, Any] = np.floor(np.asarray(days.cpu())).astype("int64").astype("datetime64[D]")
    return found.astype("datetime64[Y]").astype(int)


def _masked(x: Tensor, keep: Tensor) -> Tensor:
    """Keep some dates; set the others to 0 or False."""
    return x * keep.view(1, -1, *[1] * (x.dim() - 2))

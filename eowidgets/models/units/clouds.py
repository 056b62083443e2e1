"""UniTS for series without a cloud mask: cloud probability, the cloud-free series, and a mask for ``open``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import xarray as xr
from torch import Tensor, nn

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.outputs import Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.cube.schema import DIMS, bands, valid
from eowidgets.errors import InputError, ModelError
from eowidgets.models.units import cards, weights
from eowidgets.models.units.adapters import AUX, FlowParams, UniTSModel, given_batch
from eowidgets.models.units.clear import guess_clear
from eowidgets.models.units.config import BANDS
from eowidgets.models.units.flow import expected
from eowidgets.models.units.local import regression_note
from eowidgets.models.units.network import UniTS


@dataclass(frozen=True, slots=True)
class CloudParams(FlowParams):
    """Parameters of ``units-clouds``."""

    fill: bool = param(True, help="Fill cloudy pixels; otherwise only the probability of cloud is computed.")


class FindAndFill(nn.Module):
    """Two networks for series without a mask: one detects clouds, one fills the gaps."""

    def __init__(self, find: UniTS, fill: UniTS) -> None:
        super().__init__()
        self.find, self.fill = find, fill


@register
class UniTSClouds(UniTSModel):
    """Remove clouds from a series without a mask.

    The first network predicts the series without clouds from the raw measurements; its
    :class:`~eowidgets.models.units.judge.Judge` compares the two and returns the probability of cloud or shadow. Where it
    is at least :data:`CLOUD`, a second network fills the pixel; clear pixels stay as measured.
    """

    name = "units-clouds"
    task = Task.REMOVE_CLOUDS
    card: ClassVar[Card] = cards.CLOUDS
    checkpoint = cards.WEIGHTS["units-clouds.romania"]
    #: Weights of the filling network. Those of ``units-reconstruct`` were trained on more places, with less on this one.
    filler = cards.WEIGHTS["units-reconstruct.romania"]
    Params = CloudParams

    #: Probability from which a pixel counts as cloud or shadow; tuned in the west of Romania, on dates not used for training.
    CLOUD = 0.1

    def __init__(self, network: FindAndFill | None = None, **params: Any) -> None:
        super().__init__(**params)
        self._pair = network

    def module(self) -> FindAndFill:
        """Return both networks; load them at the first call."""
        if self._pair is None:
            self._pair = FindAndFill(weights.load(self.checkpoint), weights.load(self.filler))
        return self._pair

    def takes_radar(self) -> bool:
        """Return whether both networks were trained with backscatter."""
        if self._pair is not None:
            return bool(self._pair.find.config.aux and self._pair.fill.config.aux)
        return any(b in AUX for b in self.checkpoint.bands)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the bands, their standard deviations if several samples are drawn, and the probability of cloud."""
        made = super().outputs(bands) if self.params.fill else ()
        if not self.params.fill:
            self.check_bands(bands)
        about = "probability of cloud or shadow"
        return (*made, Value("cloud_probability", dims="tyx", unit="1", long_name=about, vmin=0, vmax=1))

    def settings(self) -> Mapping[str, Any]:
        """Return the share of the regression in the prediction; part of the provenance of every result."""
        pair = self.module()
        return {"regression": regression_note(dataclasses.replace(pair.fill.config, local=pair.find.config.local))}

    def answers(self, batch: Batch) -> dict[str, Tensor]:
        """Predict from the raw measurements; the mask of the cube is not used."""
        cloudy = self.cloudiness(batch)
        shown = {"cloud_probability": cloudy.clamp(0, 1).masked_fill(~batch.measured, torch.nan)}
        if not self.params.fill:
            return shown
        clear = self.clear(batch, cloudy)
        masked = dataclasses.replace(batch, x=batch.raw * clear.unsqueeze(2), usable=clear)
        pair = self.module()
        # Undetected clouds mislead a regression: its share is a setting of these weights, not of the filling ones.
        filled = self.filled(masked, clear, pair.fill, pair.find.config.local)
        radar = dataclasses.replace(masked, x=batch.raw)  # clear pixels and radar stay as measured
        return self.answer(radar, filled, clear) | shown

    def clear(self, batch: Batch, cloudy: Tensor) -> Tensor:
        """Return which measurements are clear, (b, t, h, w)."""
        clear = batch.measured & (cloudy < self.CLOUD)
        # A pixel that would lose all its dates keeps its clearest one.
        best = cloudy.masked_fill(~batch.measured, torch.inf).amin(dim=1, keepdim=True)
        return torch.where(clear.any(dim=1, keepdim=True), clear, batch.measured & (cloudy <= best))

    def cloudiness(self, batch: Batch) -> Tensor:
        """Compute the probability of cloud or shadow, (b, t, h, w)."""
        find = self.module().find
        if find.judge is None:
            raise ModelError("These UniTS weights have no cloud output: load those of units-clouds.")
        optical = self.optical(batch.bands)
        # The difference from an interpolated band would be classified as cloud.
        optical = [i for i in optical if batch.bands[i] in find.config.bands] or optical
        names = tuple(batch.bands[i] for i in optical)
        guess = guess_clear(batch.raw[:, :, optical], batch.measured, names)
        given = given_batch(batch, guess, find, raw=True, centre=self.centre)
        with torch.inference_mode():
            cloudy: Tensor = find.judge(given, expected(find, given)).float().sigmoid()
        return cloudy


Run = Callable[[UniTSClouds, xr.Dataset], xr.Dataset]


def cloud_mask(cube: xr.Dataset, run: Run) -> xr.DataArray:
    """Return the cloud and shadow mask of a cube: its own, combined with the clouds that ``units-clouds`` detects.

    Suitable for short series, which :func:`~eowidgets.cube.clouds.robust_clouds` does not support.

    Parameters
    ----------
    cube : Dataset
        With one or more reflectance bands and at least two dates.
    run : callable
        ``(model, cube) -> result``: :func:`eowidgets.run`.

    Returns
    -------
    DataArray, dims (time, y, x), bool
        Never less than ``cube["clouds"]``; ``attrs["added"]`` is the number of added pixels.

    Raises
    ------
    InputError
        If the cube has no reflectance band or a single date.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("bouconne", clouds=None).isel(x=slice(0, 32), y=slice(0, 32))
    >>> cloud_mask(cube, eow.run).dims
    ('time', 'y', 'x')
    """
    names = [b for b in bands(cube) if b in BANDS]
    if not names or cube.sizes["time"] < 2:
        short = "a single date" if names else "no reflectance band"
        raise InputError(f"clouds='units' does not work on {short}: use clouds='mask' or None.")
    optical = cube[[*names, *(m for m in ("valid", "clouds") if m in cube)]]
    found = run(UniTSClouds(fill=False), optical)["cloud_probability"] >= UniTSClouds.CLOUD
    known = cube["clouds"] if "clouds" in cube else xr.zeros_like(valid(cube))
    known = known.transpose(*DIMS)
    added = found.transpose(*DIMS).values & ~known.values
    result: xr.DataArray = (known | added).drop_attrs()
    result.attrs = {"long_name": "Cloud or cloud shadow", "added": int(added.sum())}
    return result

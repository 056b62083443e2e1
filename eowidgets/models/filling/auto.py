"""Fill gaps with the method that is best on the same cube."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import xarray as xr
from torch import Tensor, nn

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.model import Model
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.errors import ModelError
from eowidgets.models.classical.fill import GapFiller
from eowidgets.models.filling.blend import filled
from eowidgets.models.filling.trial import choose_fill


@register
class FillAuto(GapFiller):
    """Test gap fillers on the cube, and fill it with the best one, or with their average if that is better.

    The test (:func:`~eowidgets.models.filling.trial.choose_fill`) runs at the start of each run and takes some seconds. Its
    table is recorded with the result.
    """

    name = "fill-auto"
    card = Card(
        title="Automatic: the best on this cube",
        summary="Hides clear values of the cube, compares gap fillers on them, and uses the best or their average.",
        paper="Stacked regressions: Breiman (1996), Machine Learning 24, 49–64.",
        url="https://doi.org/10.1007/BF00117832",
        licence="Apache-2.0",
        limits="The test uses clear values only: where the values under clouds are different, it underestimates the errors.",
    )
    # The largest feed that a winner may need; learn() replaces it with that of the winner.
    feed = Windows(min_dates=3, size=48, halo=8, blend=8)

    @dataclass(frozen=True, slots=True)
    class Params:
        """Candidates and seed of the test."""

        networks: bool = param(
            True, label="Networks", help="Also test networks; a network is used only if it is better."
        )
        draw_seed: int = param(0, low=0, high=2**31 - 1, label="Seed", help="Seed of the hidden values.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.winner: Model | None = None

    def learn(self, cube: xr.Dataset) -> None:
        """Test the fillers on the cube, and adopt the feed of the winner."""
        choice = choose_fill(cube, seed=self.params.draw_seed, networks=self.params.networks)
        self.winner = choice.model
        self.winner.survey(cube)
        self.choice = json.loads(choice.to_json())
        vars(self)["feed"] = self.winner.feed

    def module(self) -> nn.Module | None:
        """Return the network of the winner, if it has one."""
        return None if self.winner is None else self.winner.module()

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Fill the gaps; shapes as in :class:`~eowidgets.contract.outputs.Output`.

        Raises
        ------
        ModelError
            Before :meth:`learn`.
        """
        if self.winner is None:
            raise ModelError("fill-auto selects its method on a cube: call eow.fill(cube), or learn(cube) first.")
        return {"bands": filled(self.winner, batch)}

"""Windows of simulated scenes with their class maps; seeds of training and test never meet."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from eowidgets.cube.schema import stack, usable
from eowidgets.cube.simulate import simulate
from eowidgets.cube.simulate.land import BANDS
from eowidgets.models.units.condition import Condition, condition
from training.windows import DATES, SIDE

#: Seeds that are for tests only.
TEST_SEEDS = range(9000, 9012)
EVENTS = ("clear-cut", "burn", "construction", "flood")
SCENE = {"height": 80, "width": 80, "end": "2019-06-30", "revisit": 15, "events": EVENTS, "event_count": 16}


class Scenes:
    """Simulated scenes held in memory, many events in each."""

    def __init__(self, seeds: Iterable[int]) -> None:
        self.scenes = []
        for seed in seeds:
            scene = simulate(
                height=80, width=80, end="2019-06-30", revisit=15, events=EVENTS, event_count=16, seed=seed
            )
            cube = scene.cube
            radar = torch.from_numpy(stack(cube, ("vv", "vh")).to_numpy())
            self.scenes.append(
                (
                    torch.from_numpy(stack(cube, BANDS).to_numpy()).half(),
                    torch.from_numpy(usable(cube).to_numpy()),
                    torch.from_numpy(scene.classes.to_numpy()),
                    torch.from_numpy(cube["time"].to_numpy().astype("datetime64[D]").astype(np.float64)),
                    ((radar + 14) / 6).half(),
                )
            )

    def draw(
        self, rng: np.random.Generator, batch: int, *, radar: bool, side: int = SIDE, dates: int = DATES
    ) -> tuple[Condition, Tensor]:
        """Draw conditions and class maps (b, t, h, w)."""
        parts = []
        for _ in range(batch):
            x, seen, classes, days, power = self.scenes[int(rng.integers(len(self.scenes)))]
            first = int(rng.integers(0, len(days) - dates + 1))
            row, column = (int(rng.integers(0, s - side + 1)) for s in x.shape[-2:])
            cut = (slice(first, first + dates), ..., slice(row, row + side), slice(column, column + side))
            parts.append((x[cut].float(), seen[cut], classes[cut], days[first : first + dates], power[cut].float()))
        x, seen, classes, days, power = (torch.stack(p) for p in zip(*parts, strict=True))
        return condition(x, seen, days, BANDS, aux=power if radar else None), classes

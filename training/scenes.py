"""Simulated scenes for training: windows with their class maps, and series in addition to the real one.

Seeds of training and test are disjoint.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eowidgets.cube.schema import stack, usable
from eowidgets.models.units.condition import Condition, condition
from eowidgets.simulate import simulate
from eowidgets.simulate.land import BANDS
from training.windows import DATES, SIDE, Source

#: Seeds reserved for tests.
TEST_SEEDS = range(9000, 9048)
EVENTS = ("clear-cut", "burn", "construction", "flood")


def invented(names: tuple[str, ...], count: int, *, first: int = 2000) -> list[Source]:
    """Simulate four years each of invented places in the bands ``names``, with different numbers of clear dates."""
    made = []
    for seed in range(first, first + count):
        rng = np.random.default_rng([seed, 1])
        scene = simulate(
            height=64,
            width=64,
            start="2016-01-01",
            end="2019-12-31",
            revisit=int(rng.integers(8, 21)),
            cloud_cover=float(rng.uniform(0.3, 0.55)),
            lonlat=(15.0, float(rng.uniform(38, 56))),
            bands=names,
            radar=False,
            event_count=int(rng.integers(4, 13)),
            seed=seed,
        )
        made.append(Source(scene.cube))
    return made


@dataclass(frozen=True, slots=True)
class Places:
    """Source of windows: the real place, and invented ones in a share of the steps.

    The real place has few dates, and a network soon overfits to them; dates of one invented place carry no information
    on another, so that the network can only learn to use the context.
    """

    real: Source
    others: list[Source]
    share: float

    def pick(self, rng: np.random.Generator) -> Source:
        """Draw one source."""
        if self.others and rng.random() < self.share:
            return self.others[int(rng.integers(len(self.others)))]
        return self.real


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
        self,
        rng: np.random.Generator,
        batch: int,
        *,
        radar: bool,
        side: int = SIDE,
        dates: int = DATES,
        turn: bool = False,
    ) -> tuple[Condition, Tensor]:
        """Draw conditions and class maps (b, t, h, w), with ``turn`` rotated and mirrored at random."""
        parts = []
        for _ in range(batch):
            x, seen, classes, days, power = self.scenes[int(rng.integers(len(self.scenes)))]
            first = int(rng.integers(0, len(days) - dates + 1))
            row, column = (int(rng.integers(0, s - side + 1)) for s in x.shape[-2:])
            cut = (slice(first, first + dates), ..., slice(row, row + side), slice(column, column + side))
            window = [x[cut].float(), seen[cut], classes[cut], power[cut].float()]
            if turn:
                quarter, mirror = int(rng.integers(4)), [-1] * int(rng.integers(2))
                window = [torch.rot90(v, quarter, (-2, -1)).flip(mirror) for v in window]
            parts.append((*window, days[first : first + dates]))
        x, seen, classes, power, days = (torch.stack(p) for p in zip(*parts, strict=True))
        return condition(x, seen, days, BANDS, aux=power if radar else None), classes

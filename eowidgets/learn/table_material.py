"""Labelled series of a table, and the features or examples that a model needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from eowidgets.contract.feeds import Batch, Series
from eowidgets.contract.prepare import METRES_PER_DEGREE
from eowidgets.contract.target import Target
from eowidgets.contract.trainable import Examples, Trainable
from eowidgets.engine.labelled import joined
from eowidgets.engine.long import Long, long_form
from eowidgets.errors import InputError, shown
from eowidgets.learn.material import Material
from eowidgets.learn.thinning import ones
from eowidgets.models.classical.series import DAYS_PER_YEAR
from eowidgets.models.taught.model import TaughtModel

Array = npt.NDArray[Any]
#: Maximum difference in days between the dates of series that a network is trained on together.
SAME_SEASON = 10.0


@dataclass
class TableMaterial(Material):
    """Labelled series of a table.

    Parameters
    ----------
    table : DataFrame
        In long form; see :func:`eowidgets.run`.
    of_series : Series
        Label of each series, by id; missing labels are left out.
    target : Target
    truth_of : mapping
        Index of the class, or number, by id.
    """

    table: pd.DataFrame
    truth_of: Mapping[Any, float]
    target: Target

    def __post_init__(self) -> None:
        long = self._long(TaughtModel())
        known = [i for i, name in enumerate(long.ids) if name in self.truth_of]
        self.ids = [long.ids[i] for i in known]
        kind = "float32" if self.target.numeric else "int64"
        self.truth = np.array([self.truth_of[name] for name in self.ids], kind)
        self.label = np.arange(len(known))
        self.stands_for = ones(self.target)
        place = np.array([long.lonlat(i) for i in known], "float64").reshape(-1, 2)
        self.x = place[:, 0] * METRES_PER_DEGREE * np.cos(np.radians(place[:, 1]))
        self.y = place[:, 1] * METRES_PER_DEGREE
        left = len(long.ids) - len(known)
        self.notes = (f"{left} of {len(long.ids)} series have no label and were left out.",) if left else ()

    @property
    def years(self) -> bool:
        """Return False: a series has the dates that it was labelled for."""
        return False

    def _long(self, model: Trainable) -> Long:
        return long_form(model, self.table)

    def around(self, model: TaughtModel, labelled: Array) -> Array:
        """Return no features, because there are many labelled series."""
        return labelled[:0]

    def features(self, model: TaughtModel) -> tuple[Array, tuple[str, ...]]:
        """Compute the features of the labelled series."""
        if not isinstance(model.feed, Series):
            raise InputError(
                f"The features {shown(model.features)} need images, but the input is a table: choose other features."
            )
        long = self._long(model)
        number = {name: i for i, name in enumerate(self.ids)}
        found: Array | None = None
        with torch.inference_mode():
            for some in long.groups():
                labelled = [i for i in some if long.ids[i] in number]
                if not labelled:
                    continue
                values = model.compute(table_batch(long, labelled)).numpy()
                if found is None:
                    found = np.full((len(self.ids), values.shape[1]), np.nan, "float32")
                found[[number[long.ids[i]] for i in labelled]] = values
        if found is None:
            raise InputError("No series of the table has a label: give labels by the names in its column 'id'.")
        return found, long.bands

    def examples(self, model: Trainable, group: Array) -> Examples:
        """Return the labelled series on common dates: those of other years are shifted by whole years."""
        if not isinstance(model.feed, Series):
            raise InputError(
                f"The model {shown(model.name)} needs images, but the input is a table: choose another model."
            )
        long = self._long(model)
        where = {name: i for i, name in enumerate(long.ids)}
        numbers = [where[name] for name in self.ids]
        lengths = {int(long.lengths[i]) for i in numbers}
        if len(lengths) > 1:
            raise InputError(
                f"The series of the table have from {min(lengths)} to {max(lengths)} dates, but {shown(model.name)} is trained "
                "on series of equal length: resample them to common dates first, or use features."
            )
        first = table_batch(long, numbers[:1]).days
        apart = max(_apart(table_batch(long, [i]).days, first) for i in numbers)
        if apart > SAME_SEASON:
            raise InputError(
                f"The series of the table are up to {apart:.0f} days apart within the year, but {shown(model.name)} needs "
                "common dates: resample them first, or use features."
            )
        batch = joined([replace(table_batch(long, [i]), days=first) for i in numbers])
        return Examples(batch, torch.from_numpy(self.truth), group)


def table_batch(long: Long, numbers: list[int]) -> Batch:
    """Return series of a table with the same dates as a batch."""
    dates = long.dates[long.part(numbers[0])]
    days = torch.from_numpy(dates.astype("datetime64[ns]").astype("int64") / 86_400e9)
    parts = [long.part(i) for i in numbers]
    raw = torch.from_numpy(np.stack([long.raw[p] for p in parts]))
    measured, usable = (torch.from_numpy(np.stack([m[p] for p in parts])) for m in (long.measured, long.usable))
    place = torch.tensor([long.lonlat(i) for i in numbers], dtype=torch.float32)
    return Batch(raw * usable[..., None], usable, measured, raw, days, days, long.bands, place, 1.0)


def _apart(one: Tensor, other: Tensor) -> float:
    """Return the largest distance between dates, ignoring whole years."""
    rest = (one - other) % DAYS_PER_YEAR
    return float(torch.minimum(rest, DAYS_PER_YEAR - rest).max())

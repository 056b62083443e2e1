"""Agreement between two interpreters of the same sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eowidgets.analysis.measure.accuracy.sample import Sample, has_label, is_unsure
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class Agreement:
    """Agreement of two interpreters.

    Attributes
    ----------
    share : float
        Share of the points with the same class, among those that both labelled with a class.
    both : int
        Points that both labelled with a class.
    matrix : DataFrame
        Counts; rows are the labels of the first, columns those of the second, "can't tell" among them.
    different : DataFrame
        ``id``, ``lon``, ``lat``, ``one`` and ``two`` of the points with different labels.
    """

    share: float
    both: int
    matrix: DataFrame
    different: DataFrame

    def __str__(self) -> str:
        return f"Both agree on {self.share:.1%} of {self.both} points; {len(self.different)} differ."


def agreement(one: Any, two: Any) -> Agreement:
    """Compare the labels of two people.

    Parameters
    ----------
    one, two : Sample or what ``Sample.of`` takes
        The same points, matched by their place.

    Returns
    -------
    Agreement

    Raises
    ------
    InputError
        If no point was labelled by both.

    Examples
    --------
    >>> import eowidgets as eow
    >>> dark = (eow.open("romania")["nir"].isel(time=0) < 0.2).rename("dark")
    >>> drawn = eow.sample(dark, 4)
    >>> print(agreement(drawn.with_labels({0: "dark", 1: "dark"}), drawn.with_labels({0: "dark", 1: "no dark"})))
    Both agree on 50.0% of 2 points; 1 differ.
    """
    import pandas as pd

    tables = []
    for name, source in (("one", one), ("two", two)):
        table = Sample.of(source).table
        kept = table[table["label"].map(has_label)]
        place = pd.MultiIndex.from_arrays([kept["lon"].astype(float).round(7), kept["lat"].astype(float).round(7)])
        labels = kept["label"].astype(str).str.strip().to_numpy()
        tables.append(pd.DataFrame({"id": kept["id"].to_numpy(), name: labels}, index=place))
    together = tables[0].join(tables[1][["two"]], how="inner")
    if not len(together):
        raise InputError("No point was labelled in both samples: give two labelled copies of one sample.")
    certain = together[~together["one"].map(is_unsure) & ~together["two"].map(is_unsure)]
    same = certain["one"].str.lower() == certain["two"].str.lower()
    different = together[together["one"].str.lower() != together["two"].str.lower()]
    different = different.reset_index(names=["lon", "lat"])[["id", "lon", "lat", "one", "two"]]
    share = float(same.mean()) if len(certain) else float("nan")
    return Agreement(share, len(certain), pd.crosstab(together["one"], together["two"]), different)

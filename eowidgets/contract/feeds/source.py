"""A further source of measurements of a model of windows, in addition to its cube."""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.arguments import checked
from eowidgets.contract.feeds.base import Feed
from eowidgets.errors import InputError


@checked
@dataclass(frozen=True, slots=True)
class Source(Feed):
    """A second cube (another sensor, a terrain model) with bands, dates and pixels of its own.

    For every window of the main cube, the model is given the same ground of the source in ``batch.sources[name]``.

    Parameters
    ----------
    bands : tuple of str, optional
        Common names in the order that the model takes them; None means any bands.
    min_dates : int
        Fewest dates that the model takes.
    max_dates : int, optional
        Most dates that the model takes.
    resolution : float, optional
        Pixel size in metres in which the model is given the source; None: that of the main cube's windows.
    optional_bands : tuple of str
        Bands that are used where the cube has them.
    name : str
        Key under which the cube is given to ``eow.run`` and is in the batch.

    Raises
    ------
    InputError
        Without a name.

    Examples
    --------
    >>> Source(name="radar", bands=("vv", "vh"), resolution=20).resolution
    20
    """

    name: str = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise InputError('A Source needs a name that is a word, such as name="radar".')

"""The networks with the sizes that their authors used on ETTh1, for comparison; the defaults here are smaller."""

from __future__ import annotations

from dataclasses import dataclass, field

from eowidgets.errors import unknown
from eowidgets.models.forecast.networks.network import SeriesNetwork, make_network


@dataclass(frozen=True, slots=True)
class Published:
    """Arguments of :func:`~eowidgets.models.forecast.networks.network.make_network`.

    Parameters
    ----------
    lookback, horizon, channels : int
    options : dict of str to int
        Options of the network that differ from its defaults.
    """

    lookback: int
    horizon: int = 96
    channels: int = 7
    options: dict[str, int] = field(default_factory=dict)


#: By the name of the network. PatchTST has its general size: for the ETTh sets its authors use the defaults here.
PAPER = {
    "nlinear": Published(336),
    "dlinear": Published(336),
    "patchtst": Published(336, options={"width": 128, "hidden": 256, "heads": 16}),
    "itransformer": Published(96, options={"width": 256, "hidden": 256}),
    "timesnet": Published(96, options={"periods": 5, "kernels": 6, "marks": 4}),
    "timemixer": Published(96),
    "spacetime": Published(336, horizon=720, channels=1, options={"kernels": 128}),
}


def make_published(name: str) -> SeriesNetwork:
    """Create a network with its published size, with untrained weights.

    Raises
    ------
    InputError
        If no network has this name.

    Examples
    --------
    >>> sum(p.numel() for p in make_published("nlinear").parameters())
    32352
    """
    if name not in PAPER:
        raise unknown("network", name, PAPER)
    size = PAPER[name]
    return make_network(name, size.lookback, size.horizon, size.channels, **size.options)

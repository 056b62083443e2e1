"""Rank the encoders by their results on labelled data sets (``benchmarks/encoders.py``)."""

from __future__ import annotations

from collections.abc import Collection

from eowidgets.contract.catalogue import listings
from eowidgets.contract.registry import get_model
from eowidgets.contract.task import Task
from eowidgets.models.encode.base import Encoder

#: Scores of checkpoints: the share of compared methods with lower scores, over all label counts, and the sets tested.
BEATEN, SETS_TESTED = "methods beaten (%)", "sets tested"
#: Share of the methods that plain statistics of the image beat in the same comparison (``docs/encoders.md``). An encoder below
#: it costs the time to encode a cube, and features that cost nothing are expected to do better.
LEAST = 65


def best_encoder(bands: Collection[str], dates: int) -> str | None:
    """Return the name of the encoder with the highest rank among those with installed weights for these bands.

    Encoders that beat fewer methods than plain statistics of the image (:data:`LEAST`) are left out.

    Parameters
    ----------
    bands : collection of str
        Common names of the available bands.
    dates : int
        Number of dates.

    Returns
    -------
    str or None
        None if no such encoder accepts the bands and dates.

    Examples
    --------
    >>> from eowidgets.models.encode.ranking import best_encoder
    >>> best_encoder(("temperature",), dates=1) is None
    True
    """
    found: dict[str, float] = {}
    for row in listings().values():
        if row.task != Task.EMBED.name or not row.pretrained:
            continue
        model = get_model(row.name)
        if not isinstance(model, Encoder) or not model.checkpoint.installed:
            continue
        feed = model.feed
        # An encoder without required bands needs wavelengths, which a cube may lack.
        fits = feed.bands is not None and set(feed.bands) <= set(bands)
        fits = fits and feed.min_dates <= dates <= (feed.max_dates or dates)
        if fits and model.checkpoint.scores.get(BEATEN, 0) >= LEAST:
            found[row.name] = model.checkpoint.scores[BEATEN]
    return max(found, key=lambda name: found[name], default=None)

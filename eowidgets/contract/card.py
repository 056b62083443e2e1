"""The card of a model: its source, licence, data, scores and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eowidgets.arguments import Name, checked


@checked
@dataclass(frozen=True, slots=True)
class Card:
    """State the source of a model, its licence, its measured scores and its limits.

    Parameters
    ----------
    title, summary : str
        One line each, for the panel.
    licence : str
        Licence of the weights, or of the code of a model without weights; ``"not stated"`` where its authors state none.
    paper, url, data : str
        The source, and the training data.
    scores : mapping
        Measured here: ``{"PSNR over linear, held-out third (dB)": 8.1}``.
    limits : str
        Where it fails.
    weights, sha256 : str, optional
        Name of the file of weights, and its hash.

    Raises
    ------
    InputError
        Without a licence, which has no default, or for a value of another type.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.Card(title="Highest NDVI", licence="Apache-2.0").licence
    'Apache-2.0'
    """

    title: str
    summary: str = ""
    paper: str = ""
    url: str = ""
    licence: Name = field(kw_only=True)
    data: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    limits: str = ""
    weights: str | None = None
    sha256: str | None = None

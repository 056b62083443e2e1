"""The card of a model: its source, licence, data, scores and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eowidgets.arguments import checked
from eowidgets.cube.facts_table import facts_table
from eowidgets.errors import shown, warn_user


@checked
@dataclass(frozen=True, slots=True)
class Card:
    """State the source of a model, its licence, its measured scores and its limits.

    Parameters
    ----------
    title : str
        One line, for the panel.
    summary : str
        One line, for the panel.
    paper : str
        Reference of the paper.
    url : str
        Address of the code or the weights.
    data : str
        Training data.
    scores : mapping of str to float
        Scores that were measured here: ``{"PSNR over linear, held-out third (dB)": 8.1}``.
    limits : str
        Where the model fails.
    weights : str, optional
        Name of the file of weights.
    sha256 : str, optional
        SHA-256 of that file.
    licence : str
        Licence of the weights, or of the code of a model without weights; ``"not stated"`` where its authors state
        none. A card without one is deprecated, and :func:`eowidgets.testing.check_model` refuses it.

    Raises
    ------
    InputError
        For a value of another type.

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
    licence: str = field(default="", kw_only=True)
    data: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    limits: str = ""
    weights: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if not self.licence.strip():
            warn_user(
                f"The card {shown(self.title)} has no licence, which is deprecated: state one, such as "
                "licence='Apache-2.0', or 'not stated'.",
                DeprecationWarning,
            )

    def _repr_html_(self) -> str:
        facts = {
            "summary": self.summary,
            "paper": self.paper,
            "url": self.url,
            "licence": self.licence,
            "trained on": self.data,
            **{f"score: {name}": f"{score:g}" for name, score in self.scores.items()},
            "limits": self.limits,
            "weights": self.weights,
            "sha256": self.sha256,
        }
        return facts_table(self.title, facts)

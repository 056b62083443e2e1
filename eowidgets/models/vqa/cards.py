"""Cards and weights of the question-answering networks, by name; each card is in the folder of its network."""

from __future__ import annotations

from functools import lru_cache

from eowidgets.models.vqa.deltavlm.card import CARD as DELTAVLM
from eowidgets.models.vqa.deltavlm.card import WEIGHTS as _DELTAVLM
from eowidgets.models.vqa.rsvqa.card import CARD as RSVQA
from eowidgets.models.vqa.rsvqa.card import WEIGHTS as _RSVQA
from eowidgets.models.vqa.weights import Ready, load

__all__ = ["CARDS", "DELTAVLM", "RSVQA", "WEIGHTS", "ready"]

WEIGHTS = {one.name: one for one in (_RSVQA, _DELTAVLM)}
CARDS = {"RSVQA": RSVQA, "DeltaVLM": DELTAVLM}


@lru_cache(maxsize=2)
def ready(name: str) -> Ready:
    """Return the network named ``"RSVQA"`` or ``"DeltaVLM"``, read once.

    Raises
    ------
    ModelError
        If its weights are not installed, or do not match the card.
    """
    return load(WEIGHTS[f"vqa-{name.lower()}.simulated"])

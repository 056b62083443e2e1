"""Cards of the networks that answer questions; what was measured lies beside the weights, and is copied by no hand.

``weights/<name>.json`` is written by ``python -m training.vqa_ship`` from the run of ``benchmarks/language_neural.py`` that
measured the very weights it names.
"""

from __future__ import annotations

from functools import lru_cache

from eowidgets.contract.card import Card
from eowidgets.errors import ModelError
from eowidgets.models.blocks import shipped
from eowidgets.models.vqa.weights import FOLDER, Ready, load

RSVQA = shipped.measured(
    Card(
        title="RSVQA: answers about one picture",
        summary="Says whether, how many, more or less, how large, and rural or urban, from a summer picture of 640 m.",
        paper="Lobry et al. (2020), RSVQA: visual question answering for remote sensing data",
        url="https://doi.org/10.1109/TGRS.2020.2988782",
        data="Simulated Sentinel-2 summer pictures (eowidgets.simulate), questions from their truth (eow.questions)",
        limits=(
            "Trained on invented places: on a real one its confidence is a guess. Numbers come in ranges. It sees 64 x 64 "
            "pixels of 10 m, five bands, and knows forest, fields, water, built-up and bare ground."
        ),
        weights="vqa-rsvqa.safetensors",
    ),
    FOLDER,
)

DELTAVLM = shipped.measured(
    Card(
        title="DeltaVLM: answers about two pictures",
        summary="Says in words whether, what, how much and where something was built between two pictures of 128 m.",
        paper=(
            "Deng, Zhou and Wu (2025), DeltaVLM: interactive remote sensing image change analysis via instruction-guided "
            "difference perception"
        ),
        url="https://arxiv.org/abs/2507.22346",
        data="Simulated pairs at 0.5 m (eowidgets.simulate.pairs), instructions and answers from their truth",
        limits=(
            "Trained on invented places: on a real one its confidence is a guess. It sees 64 x 64 pixels of 2 m, knows about "
            "80 words of questions, and counts above 5 in ranges."
        ),
        weights="vqa-deltavlm.safetensors",
    ),
    FOLDER,
)


CARDS = {"RSVQA": RSVQA, "DeltaVLM": DELTAVLM}


@lru_cache(maxsize=2)
def ready(name: str) -> Ready:
    """The network called ``"RSVQA"`` or ``"DeltaVLM"``, read once.

    Raises
    ------
    ModelError
        If its weights do not ship, or are not those of the card.
    """
    card = CARDS[name]
    if card.sha256 is None:
        raise ModelError(f"The weights {card.weights} are not in this installation: install the package again.")
    return load(FOLDER / str(card.weights), card.sha256)

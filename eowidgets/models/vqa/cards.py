"""Cards of the networks that answer questions; hashes, scores, licences and training data are read from ``weights.toml``.

``python -m training.vqa_ship`` writes that file from the run of ``benchmarks/language_neural.py`` that measured the weights.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoints
from eowidgets.models.vqa.weights import Ready, load

WEIGHTS = checkpoints(Path(__file__).parent)

RSVQA = Card(
    title="RSVQA: answers about one picture",
    summary="Says whether, how many, more or less, how large, and rural or urban, from a summer picture of 640 m.",
    paper="Lobry et al. (2020), RSVQA: visual question answering for remote sensing data",
    url="https://doi.org/10.1109/TGRS.2020.2988782",
    limits=(
        "Trained on invented places: on a real one its confidence is a guess. Numbers come in ranges. It sees 64 x 64 "
        "pixels of 10 m, five bands, and knows forest, fields, water, built-up and bare ground."
    ),
    **WEIGHTS["vqa-rsvqa.simulated"].on_card(),
)

DELTAVLM = Card(
    title="DeltaVLM: answers about two pictures",
    summary="Says in words whether, what, how much and where something was built between two pictures of 128 m.",
    paper=(
        "Deng, Zhou and Wu (2025), DeltaVLM: interactive remote sensing image change analysis via instruction-guided "
        "difference perception"
    ),
    url="https://arxiv.org/abs/2507.22346",
    limits=(
        "Trained on invented places: on a real one its confidence is a guess. It sees 64 x 64 pixels of 2 m, knows about "
        "80 words of questions, and counts above 5 in ranges."
    ),
    **WEIGHTS["vqa-deltavlm.simulated"].on_card(),
)


CARDS = {"RSVQA": RSVQA, "DeltaVLM": DELTAVLM}


@lru_cache(maxsize=2)
def ready(name: str) -> Ready:
    """Return the network called ``"RSVQA"`` or ``"DeltaVLM"``, read once.

    Raises
    ------
    ModelError
        If its weights are not in this installation, or are not those of the card.
    """
    return load(WEIGHTS[f"vqa-{name.lower()}.simulated"])

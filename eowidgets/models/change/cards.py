"""Cards of the networks of change; what was measured, and the hash of the weights, lie in a file beside the weights.

``weights/<name>.json`` is written by ``python -m training.change_ship`` from the same run of the benchmark that earned
the weights their place: no figure is copied by hand. A network without that file does not ship and is not registered.
"""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.models.blocks import shipped

FOLDER = Path(__file__).parent / "weights"


def ships(card: Card) -> bool:
    """Whether the weights of a card are in this installation, with their table."""
    return card.sha256 is not None and (FOLDER / str(card.weights)).exists()


DATA = (
    "Simulated pairs at 0.5 m (eowidgets.simulate.pairs) with ground textures of real Sentinel-2 pictures, and "
    "real Sentinel-2 pictures at 10 m with drawn settlements, halls and roads"
)
LIMITS = (
    "Trained for minutes, and on no real pair of 0.5 m: on real ground it invents little and misses more than half of the "
    "buildings. Snow and seasons at 10 m are marked as built. Finds buildings and roads, nothing else. Its probabilities rank "
    "pixels and are not calibrated."
)

LENET = shipped.measured(
    Card(
        title="LENet: what was built between two pictures",
        summary="Marks buildings and roads that are new or gone; light, season and shadows do not count.",
        paper="Dong et al. (2024), LENet: remote sensing change detection via layer exchange",
        url="https://github.com/dyzy41/lenet",
        data=DATA,
        limits=LIMITS,
        weights="change-lenet.safetensors",
    ),
    FOLDER,
)

FCSIAM = shipped.measured(
    Card(
        title="FC-Siam-diff: what was built between two pictures",
        summary="A siamese U-Net on absolute differences; the yardstick of the same size for LENet.",
        paper="Caye Daudt, Le Saux and Boulch (2018), Fully convolutional siamese networks for change detection",
        url="https://arxiv.org/abs/1810.08462",
        data=DATA,
        limits=LIMITS,
        weights="change-fcsiam.safetensors",
    ),
    FOLDER,
)

MCI = shipped.measured(
    Card(
        title="MCI: what changed, as a map and a sentence",
        summary="Maps new and vanished buildings and roads, and says in words what changed.",
        paper="Liu et al. (2024), Change-Agent: towards interactive comprehensive change interpretation",
        url="https://arxiv.org/abs/2403.19646",
        data=DATA + "; words of the LEVIR-MCI captions (MIT)",
        limits="It has read 100 words, all of buildings and roads, and calls one changed simulated pair in twenty unchanged. It "
        "prefers what is said often to what is exact: counts above three are guesses, and it speaks little of places.",
        weights="change-mci.safetensors",
    ),
    FOLDER,
)

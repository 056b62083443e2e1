"""Cards of the networks of change; hashes, scores, licences and training data are read from ``weights.toml``.

``python -m training.change_ship`` writes that file from the run of the benchmark that measured the weights.
"""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoints

WEIGHTS = checkpoints(Path(__file__).parent)
LIMITS = (
    "Trained for minutes, and on no real pair of 0.5 m: on real ground it invents little and misses more than half of the "
    "buildings. Snow and seasons at 10 m are marked as built. Finds buildings and roads, nothing else. Its probabilities rank "
    "pixels and are not calibrated."
)

LENET = Card(
    title="LENet: what was built between two pictures",
    summary="Marks buildings and roads that are new or gone; light, season and shadows do not count.",
    paper="Dong et al. (2024), LENet: remote sensing change detection via layer exchange",
    url="https://github.com/dyzy41/lenet",
    limits=LIMITS,
    **WEIGHTS["change-lenet.simulated"].on_card(),
)

FCSIAM = Card(
    title="FC-Siam-diff: what was built between two pictures",
    summary="A siamese U-Net on absolute differences; the yardstick of the same size for LENet.",
    paper="Caye Daudt, Le Saux and Boulch (2018), Fully convolutional siamese networks for change detection",
    url="https://arxiv.org/abs/1810.08462",
    limits=LIMITS,
    **WEIGHTS["change-fcsiam.simulated"].on_card(),
)

MCI = Card(
    title="MCI: what changed, as a map and a sentence",
    summary="Maps new and vanished buildings and roads, and says in words what changed.",
    paper="Liu et al. (2024), Change-Agent: towards interactive comprehensive change interpretation",
    url="https://arxiv.org/abs/2403.19646",
    limits="Trained on no real pair of 0.5 m: on real ground it marks little that did not change and misses about half of the "
    "buildings. Finds buildings and roads, nothing else; its probabilities are not calibrated. Its sentences have 100 words and "
    "call one changed simulated pair in twenty unchanged; counts above three are guesses, and places are rarely named.",
    **WEIGHTS["change-mci.simulated"].on_card(),
)

"""Train the network on pseudo-labels, alternating with new centres and pseudo-labels from the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

from eowidgets.models.blocks.fitting import fit
from eowidgets.models.blocks.plan import Plan, Step
from eowidgets.models.cluster.base import away, posterior
from eowidgets.models.cluster.confident.network import Segmenter, confidence_of, focal_confidence
from eowidgets.models.cluster.smooth import smooth

#: Rounds of training and re-estimation, steps per round, maximum crops per step, and their side in pixels.
ROUNDS, STEPS, CROPS, SIDE = 3, 80, 4, 48
#: Standard deviation in pixels of the Gaussian that averages pseudo-labels.
BLUR = 1.0
#: Exponent of the focal factor, and learning rate.
GAMMA, RATE = 2.0, 3e-3
#: A centre moves only if its total probability over pixels exceeds this.
LEAST = 10.0


def train(windows: Sequence[Tensor], centres: Tensor, spread: float, seed: int) -> tuple[Segmenter, Tensor]:
    """Train a network on parts of a cube, starting from the centres of k-means.

    Parameters
    ----------
    windows : sequence of Tensor, each of shape (1, f, h, w)
        Scaled features, NaN where nothing was observed.
    centres : Tensor, shape (k, f)
    spread : float
        Mean squared distance to the nearest centre.
    seed : int

    Returns
    -------
    network : Segmenter
    centres : Tensor, shape (k, f)
        Centres after the last round.
    """
    seen = [torch.isfinite(one).all(dim=1) for one in windows]
    inputs = [one.nan_to_num(0.0) for one in windows]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Segmenter(centres.shape[1], len(centres))
    chances = [
        smooth(posterior(away(x, centres), spread), s, BLUR).nan_to_num(0.0) for x, s in zip(inputs, seen, strict=True)
    ]
    for i in range(ROUNDS):
        sure = [confidence_of(p, s, away(x, centres).sqrt()) for p, s, x in zip(chances, seen, inputs, strict=True)]
        labels = [p.argmax(dim=1) for p in chances]
        crops = _Crops(
            [torch.cat([x, y[:, None], c[:, None]], dim=1) for x, y, c in zip(inputs, labels, sure, strict=True)]
        )
        fit(network, _loss(network, crops), Plan(steps=STEPS, rate=RATE, seed=seed + i))
        network.eval()
        with torch.no_grad():
            chances = [network(x).softmax(dim=1) for x in inputs]
        centres = _moved(centres, chances, inputs, seen)
    return network, centres


def _loss(network: nn.Module, crops: _Crops) -> Callable[[Step], Tensor]:
    def loss(step: Step) -> Tensor:
        found = crops.draw(step.generator)
        return focal_confidence(network(found[:, :-2]), found[:, -2].long(), found[:, -1], GAMMA)

    return loss


class _Crops:
    """Crops of features, pseudo-labels and confidence, stacked as channels."""

    def __init__(self, windows: Sequence[Tensor]) -> None:
        self.windows = windows
        self.side = min(SIDE, *(n for one in windows for n in one.shape[-2:]))
        # In a cube smaller than all crops of a step, the crops of each step would overlap heavily.
        self.count = min(CROPS, -(-sum(one[0, 0].numel() for one in windows) // self.side**2))

    def draw(self, generator: torch.Generator) -> Tensor:
        """Draw crops (b, channels, side, side)."""
        found = []
        for _ in range(self.count):
            one = self.windows[int(torch.randint(len(self.windows), (1,), generator=generator))][0]
            y, x = (int(torch.randint(n - self.side + 1, (1,), generator=generator)) for n in one.shape[-2:])
            found.append(one[:, y : y + self.side, x : x + self.side])
        return torch.stack(found)


def _moved(centres: Tensor, chances: Sequence[Tensor], inputs: Sequence[Tensor], seen: Sequence[Tensor]) -> Tensor:
    """Return the mean of the pixels of each cluster, weighted by the probabilities from the network."""
    sums, totals = torch.zeros_like(centres), torch.zeros(len(centres))
    for p, x, s in zip(chances, inputs, seen, strict=True):
        most, label = p.max(dim=1)
        weight = (most * s).flatten()
        points = x.movedim(1, -1).flatten(0, 2) * weight[:, None]
        sums.index_add_(0, label.flatten(), points)
        totals.index_add_(0, label.flatten(), weight)
    return torch.where(totals[:, None] > LEAST, sums / totals.clamp_min(1e-6)[:, None], centres)


def weights_of(network: nn.Module) -> Tensor:
    """Return all weights of a network as one vector."""
    return parameters_to_vector(network.parameters()).detach()


def logits(weights: Tensor, x: Tensor, clusters: int) -> Tensor:
    """Return the logits of the network with these weights for features (b, f, h, w), shape (b, clusters, h, w)."""
    with torch.device("meta"):
        network = Segmenter(x.shape[1], clusters)
    shapes = {name: one.shape for name, one in network.named_parameters()}
    parts = torch.split(weights.to(x.device), [shape.numel() for shape in shapes.values()])
    own = {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
    found: Tensor = functional_call(network, own, (x,))
    return found

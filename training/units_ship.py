"""Copy a trained UniTS into the package with its fitted factors: ``python -m training.units_ship reconstruct --widen 3``.

Factors are fitted by ``benchmarks.units fit`` (``places``), ``widen`` and ``benchmarks.units_tasks trust``, on data of
neither the training nor the test set. Hash and size go into ``weights.toml``; scores are copied there by hand.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from eowidgets.models.units.condition import CHANNELS
from eowidgets.models.units.network import UniTS
from eowidgets.models.units.weights import FOLDER, load, save
from training.ship import ship
from training.units import RECIPES, RUNS

#: Tags of checkpoints that were not trained on the Romanian cube alone.
TAGS = {"units-change": "simulated", "units-reconstruct": "places"}
#: Files that are not named after the model alone.
FILES = {"units-reconstruct.romania": "units-reconstruct-romania"}


def without_radar(network: UniTS) -> UniTS:
    """Return the same network without the inputs for backscatter, which were zero throughout its training."""
    smaller = UniTS(dataclasses.replace(network.config, aux=0))
    own, columns = smaller.state_dict(), CHANNELS * network.config.patch**2
    state = {k: v for k, v in network.state_dict().items() if k in own}
    state["condition.0.weight"] = state["condition.0.weight"][:, :columns]
    smaller.load_state_dict(state)
    return smaller.eval()


def main() -> None:
    """Copy one network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(RECIPES))
    parser.add_argument("--name", help="target name: the weights of judge become those of clouds")
    parser.add_argument("--trust", type=float, default=1.0)
    parser.add_argument("--widen", type=float, default=1.0)
    parser.add_argument("--stay", type=float, default=0.0)
    parser.add_argument("--local", type=float, default=0.0)
    parser.add_argument("--passes", type=int, help="passes of the regression, in place of those of the training")
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the trained weights")
    parser.add_argument("--tag", help="of the checkpoint in weights.toml")
    parser.add_argument("--without-radar", action="store_true", help="drop inputs that were zero in training")
    args = parser.parse_args()
    name = f"units-{args.name or args.task}"
    network = load(args.runs / f"units-{args.task}.safetensors")
    if args.without_radar:
        network = without_radar(network)
    factors = {"trust": args.trust, "widen": args.widen, "stay": args.stay, "local": args.local}
    passes = network.config.passes if args.passes is None else args.passes
    network.config = dataclasses.replace(network.config, passes=passes, **factors)
    checkpoint = f"{name}.{args.tag or TAGS.get(name, 'romania')}"
    path = FOLDER / f"{FILES.get(checkpoint, name)}.safetensors"
    print(checkpoint, save(network, path))
    ship(FOLDER.parent, checkpoint, path)


if __name__ == "__main__":
    main()

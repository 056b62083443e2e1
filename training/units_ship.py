"""Put a trained UniTS into the package with its fitted factors: ``python -m training.units_ship reconstruct --widen 3``.

The factors are fitted by ``benchmarks.units widen`` and ``benchmarks.units_tasks trust``, on what is neither trained on nor
tested on. Hash and size go into ``weights.toml``; the scores there are those of the benchmarks, entered by hand.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from eowidgets.models.units.weights import FOLDER, load, save
from training.ship import ship
from training.units import RECIPES, RUNS


def main() -> None:
    """Copy one network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(RECIPES))
    parser.add_argument("--name", help="whose weights they become: those of judge become clouds")
    parser.add_argument("--trust", type=float, default=1.0)
    parser.add_argument("--widen", type=float, default=1.0)
    parser.add_argument("--stay", type=float, default=0.0)
    parser.add_argument("--local", type=float, default=0.0)
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the trained weights")
    args = parser.parse_args()
    name = f"units-{args.name or args.task}"
    network = load(args.runs / f"units-{args.task}.safetensors")
    factors = {"trust": args.trust, "widen": args.widen, "stay": args.stay, "local": args.local}
    network.config = dataclasses.replace(network.config, **factors)
    path = FOLDER / f"{name}.safetensors"
    print(name, save(network, path))
    ship(FOLDER.parent, f"{name}.{'simulated' if name == 'units-change' else 'romania'}", path)


if __name__ == "__main__":
    main()

"""Evaluate the defaults on places not used for tuning: ``EOW_DATA=folder python -m benchmarks.away fill [--draws 3]``.

``forecast`` and ``monitors`` are ``benchmarks.away_forecast`` and ``benchmarks.away_monitors``.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

import eowidgets as eow
from benchmarks.away_data import DEVELOP, TEST, read
from benchmarks.away_fill import compare, keeping

SINGLE = ("fill-linear", "fill-closest", "fill-harmonic", "fill-regression", "units-reconstruct")
PATTERNS = ("partly", "whole", "leaky")


def main() -> None:
    """Print the table of errors, and how ``auto`` compares with the best single method and with linear interpolation."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("fill",))
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--develop", action="store_true", help="the sets used for development")
    parser.add_argument("--no-networks", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    names = [n for n in SINGLE if not (given.no_networks and n.startswith("units"))]
    methods = {n: keeping(n) for n in names}
    table = compare(
        read(DEVELOP if given.develop else TEST),
        {**methods, "auto": lambda c: eow.fill(c, networks=not given.no_networks)},
        PATTERNS,
        given.draws,
    )
    print("\n| set | pattern | auto / best single | auto / linear |\n|---|---|---|---|")
    for (name, pattern), row in table.items():
        best = np.nanmin([row[n] for n in names])
        print(f"| {name} | {pattern} | {row['auto'] / best:.3f} | {row['auto'] / row['fill-linear']:.3f} |")


if __name__ == "__main__":
    main()

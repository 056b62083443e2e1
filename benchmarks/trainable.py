"""Models that are trained on labels, compared with the baselines of their papers, on held-out parts.

``python -m benchmarks.trainable FOLDER [--only NAME ...]``: FOLDER (or ``EOW_DATA``) holds the sets that the parts name. Each
part takes 1 to 6 minutes of one core, and is seeded.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.systems import biomass, crops, fields, landuse

PARTS = {**crops.PARTS, **fields.PARTS, **landuse.PARTS, **biomass.PARTS}


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(os.environ.get("EOW_DATA", "data")))
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=list(PARTS))
    given = parser.parse_args()
    for name in given.only:
        PARTS[name](given.folder)


if __name__ == "__main__":
    main()

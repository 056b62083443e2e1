"""Errors of the start of season from ``eow.ask``, and from the mean series of the place, in simulated scenes.

Run: python -m benchmarks.ask_seasons
"""

from __future__ import annotations

import numpy as np

import eowidgets as eow
from eowidgets.analysis.ask import tools
from eowidgets.analysis.ask.measured import day_of_year
from eowidgets.analysis.ask.screen import screened
from eowidgets.simulate import simulate

YEAR = 2018
SEEDS = (5, 6, 7, 11, 12, 13, 14, 15)


def main() -> None:
    """Print the errors of both, in days."""
    for seed in SEEDS:
        scene = simulate(
            height=48, width=48, start="2017-01-01", end="2019-12-31", radar=False, event_count=0, seed=seed
        )
        truth = float(np.nanmedian(scene.seasons([YEAR])["start"].values))
        answer = eow.ask(scene.cube, f"When did spring begin in {YEAR}?")
        cube = screened(scene.cube)
        where = np.ones((cube.sizes["y"], cube.sizes["x"]), bool)
        course = tools.course(tools.index_values(cube, "NDVI", where), where)
        mean = eow.phenology(course).set_index("year")["start"].get(YEAR, np.nan)
        asked = answer.reason
        if answer.interval is not None:
            low, high = (day_of_year(str(v)) - truth for v in (answer.interval.low, answer.interval.high))
            asked = f"{day_of_year(answer.value) - truth:+.0f} ({low:+.0f} to {high:+.0f})"
        print(f"seed {seed}: true median {truth:.0f}, Ask {asked}, mean series {mean - truth:+.0f} days")


if __name__ == "__main__":
    main()

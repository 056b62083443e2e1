"""Features that were computed before."""

from __future__ import annotations

import numpy as np

from eowidgets.learn.cache import RowCache


def test_only_places_that_are_not_known_are_computed():
    asked = []

    def compute(which):
        asked.append(which.tolist())
        return np.stack([which, which**2], axis=1).astype("float32")

    cache = RowCache()
    places = np.arange(5)[:, None]
    one = cache.rows("a", places[:3], compute)
    two = cache.rows("a", places[1:], lambda which: compute(which) + 100)
    assert asked == [[0, 1, 2], [2, 3]]
    assert two[:2].tolist() == one[1:].tolist() and (two[2:] >= 100).all()


def test_the_oldest_kind_goes_first():
    cache = RowCache(most=3 * 4 * 10)
    rows = {name: np.full((10, 1), i, "float32") for i, name in enumerate("abcd")}
    places = np.arange(10)[:, None]
    for name in "abcd":
        cache.rows(name, places, lambda which, name=name: rows[name][which])
    assert list(cache._kinds) == ["b", "c", "d"]
    assert (cache.rows("d", places, lambda which: rows["a"][which]) == 3).all()

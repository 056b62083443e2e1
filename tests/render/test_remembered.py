from __future__ import annotations

import numpy as np
import pytest

from eowidgets.render import remembered as module
from eowidgets.render import source
from eowidgets.render.mercator import MercatorSource
from eowidgets.render.source import FrameSource


def test_a_digest_sees_values_type_and_shape():
    a = np.arange(6.0)
    different = [a.astype("float32"), a.reshape(2, 3), a + 1e-9, a[::-1]]
    assert module.digest(a) == module.digest(a.copy())
    assert len({module.digest(x) for x in (a, *different)}) == 5


def test_few_results_are_kept_the_latest_ones(monkeypatch):
    monkeypatch.setattr(module, "_kept", {})
    monkeypatch.setattr(module, "_MOST", 2)
    calls = []

    def once(key):
        return module.remembered((key,), lambda: calls.append(key) or (0.0, 0.0, 1.0, 1.0))

    for key in "aabcb":
        once(key)
    assert calls == ["a", "b", "c"]
    once("a")
    assert calls == ["a", "b", "c", "a"]


def test_a_second_source_of_the_same_values_computes_no_range(make_cube, monkeypatch):
    cube = make_cube(dates=5, height=20, width=20, bands=("red", "nir"))
    first = FrameSource(cube).head()
    monkeypatch.setattr(source, "quantiles", lambda values: pytest.fail("computed again"))
    second = FrameSource(cube.copy(deep=True)).head()
    on_map = MercatorSource(cube).head()
    ranges = [[b["q"] for b in h["bands"]] + [i["q"] for i in h["indices"]] for h in (first, second, on_map)]
    assert ranges[0] == ranges[1] == ranges[2]  # picture and map are stretched alike


def test_values_that_were_changed_in_place_get_new_ranges(make_cube):
    cube = make_cube(dates=5, height=20, width=20, bands=("red", "nir"), clouds=0)
    before = FrameSource(cube)
    program = before.program("NDVI")
    old = before.quantiles("red"), before.quantiles(program)
    cube["red"].values[:] = np.float32(0.3) + cube["red"].values
    after = FrameSource(cube)
    assert after.quantiles("red")[0] > old[0][0] + 0.2
    assert after.quantiles(program) != old[1]

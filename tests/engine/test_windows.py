from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eowidgets.contract.feeds import Windows
from eowidgets.engine.windows import Axis, Grid
from eowidgets.errors import InputError


@st.composite
def axes(draw):
    halo = draw(st.integers(0, 24))
    size = draw(st.integers(2 * halo + 1, 2 * halo + 80))
    blend = draw(st.none() | st.integers(0, halo))
    return Axis(draw(st.integers(1, 400)), size, halo, blend)


@given(axes())
def test_weights_sum_to_one_at_every_pixel(axis):
    total = sum(axis.profile(i) for i in range(len(axis)))
    np.testing.assert_array_equal(total, 1)


@given(axes())
def test_cores_tile_the_axis(axis):
    edges = [(axis.core(i).start, axis.core(i).stop) for i in range(len(axis))]
    assert edges[0][0] == 0
    assert edges[-1][1] == axis.length
    assert all(a[1] == b[0] for a, b in pairwise(edges))
    assert all(stop > start for start, stop in edges)


@given(axes())
def test_no_pixel_is_used_that_lies_within_the_context_of_an_inner_window_edge(axis):
    """Half of the halo, or what the blend leaves of it."""
    for i in range(len(axis)):
        window, reach = axis.window(i), axis.reach(i)
        context = axis.halo - (axis.halo // 2 if axis.blend is None else axis.blend)
        assert window.start == 0 or reach.start - window.start >= context
        assert window.stop == axis.length or window.stop - reach.stop >= context


@given(axes())
def test_windows_have_one_size_and_lie_inside(axis):
    if axis.length >= axis.size:
        assert {axis.window(i).stop - axis.window(i).start for i in range(len(axis))} == {axis.size}
        assert axis.pad == 0
    else:
        assert len(axis) == 1
        assert axis.pad == axis.size - axis.length


@given(axes(), st.data())
def test_a_run_can_start_anywhere(axis, data):
    pixel = data.draw(st.integers(0, axis.length - 1))
    first = axis.first_reaching(pixel)
    assert axis.reach(first).stop > pixel
    assert first == 0 or axis.settled(first - 1) <= pixel


def test_no_more_windows_than_needed():
    assert len(Axis(100, 40, 8)) == 4  # 40 + 3 * 24 >= 100
    assert len(Axis(40, 40, 8)) == 1
    assert len(Axis(41, 40, 8)) == 2


def test_a_window_without_room_for_its_halo_is_refused_in_one_sentence():
    with pytest.raises(InputError, match="at least 17"):
        Axis(100, 16, 8)
    assert len(Axis(16, 16, 8)) == 1  # one window needs no halo


def test_grid_walks_all_dates_of_a_column_first():
    grid = Grid(Axis(6, 4, 1), Axis(4, 4), Axis(8, 4))
    assert list(grid.row()) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert grid.windows == 4


def test_a_blend_as_wide_as_the_halo_takes_the_whole_overlap_in_even_steps():
    axis = Axis(80, 32, 8, 8)
    assert axis.ramp == 8
    assert axis.starts == (0, 16, 32, 48)
    np.testing.assert_allclose(axis.weights, (np.arange(16) + 0.5) / 16)
    assert Axis(80, 32, 8).ramp == 4
    assert Axis(80, 32, 8, 0).ramp == 0
    assert not len(Axis(80, 32, 8, 0).weights)


@pytest.mark.parametrize(("halo", "blend"), [(4, 5), (0, 1)])
def test_a_blend_beyond_the_halo_is_refused(halo, blend):
    with pytest.raises(InputError, match="between 0 and the halo"):
        Windows(size=32, halo=halo, blend=blend)

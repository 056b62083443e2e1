from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eowidgets.engine.blend import mix, paste
from eowidgets.engine.windows import Axis

floats = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(hnp.arrays("float32", 7, elements=floats), hnp.arrays("float32", 7, elements=st.floats(0, 1, width=32)))
def test_equal_values_blend_to_themselves_bit_for_bit(values, weight):
    mixed = mix(values, values.copy(), weight)
    assert mixed.dtype == np.float32
    assert mixed.tobytes() == values.tobytes()


def test_a_missing_value_is_never_averaged_in():
    nan, w = np.float32("nan"), np.float32([0.25])
    assert mix(np.array([nan]), np.float32([3]), w) == 3
    assert mix(np.float32([2]), np.array([nan]), w) == 2
    assert np.isnan(mix(np.array([nan]), np.array([nan]), w))


@given(
    st.integers(1, 120),
    st.integers(0, 9),
    st.integers(1, 30),
    st.sampled_from([0, 1, -1]),
    st.integers(0, 2**31),
)
def test_pasting_windows_of_a_field_gives_the_field(length, halo, extra, dim, seed):
    axis = Axis(length, 2 * halo + extra, halo)
    shape = [3, 4]
    shape[dim] = length
    field = np.random.default_rng(seed).normal(size=shape).astype("float32")
    canvas = np.full_like(field, 99)
    for i in range(len(axis)):
        paste(canvas, np.take(field, np.r_[axis.window(i)], axis=dim), axis, i, dim)
    assert canvas.tobytes() == field.tobytes()


def test_a_step_between_windows_becomes_a_smooth_monotonic_ramp():
    axis = Axis(60, 40, 10)
    canvas = np.empty(60, "float32")
    paste(canvas, np.zeros(40, "float32"), axis, 0, 0)
    paste(canvas, np.ones(40, "float32"), axis, 1, 0)
    assert (np.diff(canvas) >= 0).all()
    assert ((canvas > 0) & (canvas < 1)).sum() == 2 * axis.ramp == 10
    assert canvas[25:35].mean() == np.float32(0.5)

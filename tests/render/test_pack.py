import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eowidgets.render.pack import codec_for, dates_per_chunk, pack_mask, unpack_mask


@given(hnp.arrays("float32", (3, 4), elements=st.floats(-1, 5, width=32)))
def test_reflectance_comes_back_to_its_own_step(values):
    codec = codec_for(-1, 5)
    assert np.abs(codec.decode(codec.encode(values)) - values).max() <= 5.1e-5


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6), bits=st.sampled_from([8, 16]), seed=st.integers(0, 100))
def test_any_range_fits_with_one_step_of_error(low, span, bits, seed):
    codec = codec_for(low, low + span, bits=bits)
    values = np.random.default_rng(seed).uniform(low, low + span, 20)
    back = codec.decode(codec.encode(values))
    assert np.abs(back - values).max() <= codec.scale * 0.51 + abs(low) * 1e-6


def test_nan_and_infinities_are_nodata():
    codec = codec_for(0, 1)
    codes = codec.encode(np.array([np.nan, np.inf, -np.inf, 0.5], "float32"))
    assert codes[:3].tolist() == [0, 0, 0]
    assert np.isnan(codec.decode(codes)[:3]).all()


def test_integers_are_exact():
    codec = codec_for(-5, 1000, integers=True)
    values = np.arange(-5, 1001)
    np.testing.assert_array_equal(codec.decode(codec.encode(values)), values)


@given(hnp.arrays(bool, st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 19))))
def test_masks_round_trip(mask):
    np.testing.assert_array_equal(unpack_mask(pack_mask(mask), mask.shape[-1]), mask)


def test_chunks_hold_at_least_one_date():
    assert dates_per_chunk(1_000_000, 4_000_000) == 4
    assert dates_per_chunk(9_000_000, 4_000_000) == 1


def test_values_beyond_the_range_become_its_ends_and_not_nodata():
    codec = codec_for(0, 200, bits=8, integers=True)
    np.testing.assert_array_equal(codec.decode(codec.encode(np.array([-40.0, -0.6, 0, 200, 900]))), [0, 0, 0, 200, 254])

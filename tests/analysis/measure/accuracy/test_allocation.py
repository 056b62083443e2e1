"""How samples are divided."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.analysis.measure.accuracy.allocation import allocate, needed
from eowidgets.errors import InputError

SHARES = np.array([0.02, 0.015, 0.32, 0.645])
MANY = np.full(4, 10**6)


def test_the_published_size():
    """Olofsson et al. 2014, section 5.1.1: 641 samples for a standard error of 0.01."""
    users = np.array([0.7, 0.6, 0.9, 0.95])
    assert needed(0.01, SHARES, users, 1e7 * SHARES) == 641


def test_a_small_map_needs_fewer():
    users = np.full(4, 0.8)
    assert needed(0.02, SHARES, users, 1000 * SHARES) < needed(0.02, SHARES, users, 1e7 * SHARES)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("equal", [160, 160, 160, 160]),
        ("proportional", [13, 9, 205, 413]),
        ("olofsson", [75, 75, 162, 328]),
    ],
)
def test_allocations(how, expected):
    assert allocate(640, how, SHARES, np.full(4, 0.8), MANY, 75).tolist() == expected


def test_neyman_gives_more_to_what_is_less_sure():
    got = allocate(400, "neyman", np.array([0.5, 0.5]), np.array([0.5, 0.98]), MANY[:2], 50)
    assert got[0] > 2 * got[1]


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=8),
    st.integers(2, 3000),
    st.sampled_from(["olofsson", "proportional", "equal", "neyman"]),
    st.integers(2, 20),
)
@settings(max_examples=200, deadline=None)
def test_sums_and_limits(pixels, n, how, minimum):
    sizes = np.array(pixels)
    try:
        got = allocate(n, how, sizes / sizes.sum(), np.full(len(sizes), 0.8), sizes, minimum)
    except InputError as error:
        assert "too few" in str(error)
        return
    assert got.sum() == min(n, sizes.sum())
    assert (got <= sizes).all()
    assert (got >= np.minimum(2, sizes)).all()

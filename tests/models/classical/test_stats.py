import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.models.classical.stats import chi2_quantile, cusum_constant, log_plus, mosum_constant, otsu


@pytest.mark.parametrize(
    ("p", "k", "value"), [(0.95, 1, 3.8415), (0.99, 6, 16.8119), (0.99, 5, 15.0863), (0.5, 2, 1.3863)]
)
def test_chi2_quantiles_are_those_of_the_tables(p, k, value):
    assert chi2_quantile(p, k) == pytest.approx(value, abs=1e-3)


def test_cusum_constants_are_the_published_ones():
    # Chu, Stinchcombe and White (1996) print 7.78 and 6.25 for 5 and 10 %.
    assert cusum_constant(0.05) ** 2 == pytest.approx(7.78, abs=0.05)
    assert cusum_constant(0.10) ** 2 == pytest.approx(6.25, abs=0.01)


def test_mosum_constant_grows_with_horizon_and_strictness_and_is_seeded():
    small = {"paths": 4000}
    base = mosum_constant(0.05, 0.25, 4.0, **small)
    assert mosum_constant(0.01, 0.25, 4.0, **small) > base > mosum_constant(0.2, 0.25, 4.0, **small)
    assert mosum_constant(0.05, 0.25, 2.0, **small) < base
    mosum_constant.cache_clear()
    assert mosum_constant(0.05, 0.25, 4.0, **small) == base


def test_log_plus():
    np.testing.assert_allclose(log_plus(torch.tensor([0.5, 1.0, np.e, 10.0])), [1, 1, 1, np.log(10)], rtol=1e-6)


@given(seed=st.integers(0, 10_000), n=st.integers(2, 200), bins=st.sampled_from([4, 16, 64]))
@settings(max_examples=40, deadline=None)
def test_otsu_leaves_least_variance_within(seed, n, bins):
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(0, 1, n), rng.normal(rng.uniform(0, 9), 1, n)])
    counts, edges = np.histogram(values, bins)
    centres = (edges[:-1] + edges[1:]) / 2

    def within(k):
        parts = [(counts[:k], centres[:k]), (counts[k:], centres[k:])]
        return sum((c * (m - np.average(m, weights=c)) ** 2).sum() for c, m in parts if c.sum())

    best = min(within(k) for k in range(1, bins))
    threshold = otsu(torch.as_tensor(values), bins)
    k = int(np.argmin(np.abs(edges - threshold)))
    assert within(k) == pytest.approx(best, rel=1e-6)


def test_otsu_of_two_separate_groups_lies_between_and_of_a_constant_is_it():
    assert 0.2 < otsu(torch.tensor([0.1, 0.2, 0.1, 0.9, 1.0])) < 0.9
    assert otsu(torch.full((5,), 0.25)) == 0.25

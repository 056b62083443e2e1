"""Published worked examples to the last digit, and properties that hold for every sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eowidgets.analysis.measure.accuracy.estimators import Estimator

#: Olofsson et al. 2014, table 8: samples of deforestation, forest gain, stable forest, stable non-forest.
MATRIX = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
PIXELS = np.array([200_000, 150_000, 3_200_000, 6_450_000])
HECTARES = 0.09 * PIXELS.sum()


def olofsson(method="normal", **options):
    counts = np.zeros((4, 4, 4))
    counts[np.arange(4), np.arange(4)] = MATRIX
    present = np.eye(4, dtype=bool)
    return Estimator(counts, PIXELS / PIXELS.sum(), PIXELS.astype(float), present=present, method=method, **options)


def test_olofsson_areas():
    areas = [olofsson().area(k).times(HECTARES) for k in range(4)]
    assert [round(a.value) for a in areas] == [21_158, 11_686, 285_770, 581_386]
    assert [round(1.96 * a.se) for a in areas] == [6_158, 3_756, 15_510, 16_282]
    # In pixels, as the text of the paper has it.
    deforestation = olofsson().area(0).times(PIXELS.sum())
    assert (round(deforestation.value), round(1.96 * deforestation.se)) == (235_086, 68_418)


def test_olofsson_accuracies():
    found = olofsson()
    assert (round(found.overall().value, 2), round(1.96 * found.overall().se, 2)) == (0.95, 0.02)
    users, producers = [found.users(k) for k in range(4)], [found.producers(k) for k in range(4)]
    assert [round(u.value, 2) for u in users] == [0.88, 0.73, 0.93, 0.96]
    assert [round(1.96 * u.se, 2) for u in users] == [0.07, 0.10, 0.04, 0.02]
    assert [round(p.value, 2) for p in producers] == [0.75, 0.85, 0.93, 0.96]
    assert [round(1.96 * p.se, 2) for p in producers] == [0.21, 0.25, 0.03, 0.02]


def test_olofsson_equations_as_they_are_written():
    found, w, n = olofsson(), PIXELS / PIXELS.sum(), MATRIX.sum(axis=1)
    p = MATRIX / n[:, None]
    for k in range(4):
        variance = np.sum(w**2 * p[:, k] * (1 - p[:, k]) / (n - 1))  # eq. 10
        assert found.area(k).se == pytest.approx(np.sqrt(variance), rel=1e-12)
        u = p[k, k]
        assert found.users(k).se == pytest.approx(np.sqrt(u * (1 - u) / (n[k] - 1)), rel=1e-12)  # eq. 6
        total = np.sum(PIXELS * p[:, k])
        accuracy = PIXELS[k] * u / total
        others = np.delete(np.arange(4), k)
        rest = np.sum(PIXELS[others] ** 2.0 * p[others, k] * (1 - p[others, k]) / (n[others] - 1))
        own = PIXELS[k] ** 2.0 * (1 - accuracy) ** 2 * u * (1 - u) / (n[k] - 1)
        expected = np.sqrt((own + accuracy**2 * rest) / total**2)  # eq. 7
        assert found.producers(k).value == pytest.approx(accuracy, rel=1e-12)
        assert found.producers(k).se == pytest.approx(expected, rel=1e-12)


def test_stehman():
    """Numerical example of Stehman 2014, 40 samples: strata, map classes, reference classes."""
    stratum = "A" * 10 + "B" * 10 + "C" * 10 + "D" * 10
    mapped = "A" * 7 + "BBB" + "A" + "B" * 11 + "C" * 6 + "BB" + "D" * 10
    truth = "AAAAACBABCA" + "BBBBB" + "AABB" + "CCCCC" + "DDBBA" + "DDDDDDDCCB"
    counts = np.zeros((4, 4, 4))
    np.add.at(counts, tuple(np.array(["ABCD".index(v) for v in text]) for text in (stratum, mapped, truth)), 1)
    found = Estimator(counts, np.array([0.4, 0.3, 0.2, 0.1]), method="normal")
    assert (found.area(0).value, found.area(2).value) == pytest.approx((0.35, 0.20))
    assert (round(found.area(0).se, 3), round(found.area(2).se, 3)) == (0.082, 0.064)
    assert (round(found.overall().value, 2), round(found.overall().se, 3)) == (0.63, 0.085)
    assert (round(found.users(1).value, 3), round(found.users(1).se, 3)) == (0.574, 0.125)
    assert (round(found.producers(1).value, 3), round(found.producers(1).se, 3)) == (0.794, 0.117)
    assert found.cell(1, 2).value == pytest.approx(0.08)


@st.composite
def samples(draw):
    strata, classes = draw(st.integers(1, 4)), draw(st.integers(2, 4))
    counts = draw(arrays(np.int64, (strata, classes, classes), elements=st.integers(0, 30)))
    counts[:, 0, 0] += 2  # at least two samples of each
    sizes = draw(arrays(np.float64, strata, elements=st.floats(0.01, 1)))
    return counts.astype(float), sizes / sizes.sum()


@given(samples(), st.sampled_from(["score", "normal"]))
@settings(max_examples=150, deadline=None)
def test_properties(sample, method):
    counts, weights = sample
    k = counts.shape[1]
    found = Estimator(counts, weights, method=method)
    cells = np.array([[found.cell(i, j).value for j in range(k)] for i in range(k)])
    areas = [found.area(j) for j in range(k)]
    assert cells.sum() == pytest.approx(1)
    assert [a.value for a in areas] == pytest.approx(cells.sum(axis=0).tolist())
    assert found.overall().value == pytest.approx(np.trace(cells))
    for j in range(k):
        for one, whole in ((found.users(j), cells[j].sum()), (found.producers(j), cells[:, j].sum())):
            assert np.isnan(one.value) if whole == 0 else one.value == pytest.approx(cells[j, j] / whole)
    for one in (*areas, found.overall(), *(f(j) for f in (found.users, found.producers) for j in range(k))):
        if np.isfinite(one.value):
            assert -1e-9 <= one.low <= one.value + 1e-9 <= one.high + 2e-9 <= 1 + 3e-9
            assert method == "normal" or one.high > one.low  # never presented as certain
            assert one.se >= 0


@given(samples())
@settings(max_examples=60, deadline=None)
def test_a_higher_confidence_is_never_narrower(sample):
    counts, weights = sample
    narrow, wide = (Estimator(counts, weights, confidence=c) for c in (0.8, 0.95))
    for name in ("area", "users", "producers"):
        a, b = getattr(narrow, name)(0), getattr(wide, name)(0)
        if np.isfinite(a.value):
            assert b.low <= a.low + 1e-6 and b.high >= a.high - 1e-6


def test_the_difference_estimator_is_the_same_where_strata_are_classes():
    mapped = PIXELS / PIXELS.sum()
    for k in range(4):
        one, two = olofsson().area(k), olofsson(mapped=mapped).area(k)
        assert (two.value, two.se) == pytest.approx((one.value, one.se))


def test_the_finite_population_correction():
    counts = np.zeros((1, 2, 2))
    counts[0] = [[30, 10], [5, 55]]
    plain, some, whole = (
        Estimator(counts, np.ones(1), pixels, method="normal")
        for pixels in (None, np.array([200.0]), np.array([100.0]))
    )
    assert some.area(0).se == pytest.approx(plain.area(0).se * np.sqrt(0.5))
    assert whole.area(0).se == 0 and whole.is_corrected
    assert not Estimator(counts, np.ones(1), np.array([1e6])).is_corrected  # 5 % are not reached


def test_one_sample_has_a_wide_interval():
    counts = np.zeros((2, 2, 2))
    counts[0, 0, 0], counts[1, 1] = 1, [3, 47]
    found = Estimator(counts, np.array([0.5, 0.5]))
    assert found.area(0).se > 0.1
    assert found.area(0).high - found.area(0).low > 0.3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.analysis.measure.parcels.statistics import checked_stats, reduce
from eowidgets.errors import InputError

STATS = ("mean", "std", "median", "min", "max", "p10", "p90", "clear", "count")
VALUES = st.one_of(st.just(float("nan")), st.floats(-2, 2, width=32), st.sampled_from([0.0, -0.0, 1.0]))


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=5),
    dates=st.integers(1, 3),
    data=st.data(),
)
def test_segments_have_the_statistics_of_numpy(sizes, dates, data):
    count = sum(sizes)
    values = np.array(data.draw(st.lists(VALUES, min_size=count * dates, max_size=count * dates)), "float32")
    values = values.reshape(dates, count)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    found = reduce(values, starts, STATS)
    for k, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        for t in range(dates):
            seen = values[t, start : start + size]
            seen = seen[np.isfinite(seen)].astype(float)
            assert found["count"][k, t] == len(seen)
            assert found["clear"][k, t] == pytest.approx(len(seen) / size)
            if not len(seen):
                assert all(np.isnan(found[s][k, t]) for s in STATS if s not in ("clear", "count"))
                continue
            expected = {
                "mean": seen.mean(),
                "std": seen.std(),
                "median": np.median(seen),
                "min": seen.min(),
                "max": seen.max(),
                "p10": np.quantile(seen, 0.1),
                "p90": np.quantile(seen, 0.9),
            }
            for stat, value in expected.items():
                assert found[stat][k, t] == pytest.approx(value, abs=1e-5), stat


def test_nan_with_a_sign_is_sorted_last():
    values = np.array([[np.float32(-np.nan), 2, 1]], "float32")
    assert reduce(values, np.array([0]), ("median",))["median"].item() == 1.5


def test_statistics_are_named_once_and_known():
    assert checked_stats("mean") == ("mean",)
    assert checked_stats(["p5", "mean", "p5", "p100"]) == ("p5", "mean", "p100")
    with pytest.raises(InputError, match="Did you mean 'median'"):
        checked_stats(["mediann"])
    with pytest.raises(InputError, match="at least one"):
        checked_stats([])
    with pytest.raises(InputError, match="p101"):
        checked_stats(["p101"])

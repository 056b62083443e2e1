"""The segmentation of annual series."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import f as f_distribution

from eowidgets.models.monitors.landtrendr import segment as code
from eowidgets.models.monitors.landtrendr.lines import Sums
from eowidgets.models.monitors.landtrendr.segment import Packed, Settings, despike, find_vertices, pack, segment

YEARS = torch.arange(1990, 2020, dtype=torch.float64)


def stable(n=60, noise=0.01, seed=0):
    return -0.7 + noise * np.random.default_rng(seed).standard_normal((n, len(YEARS)))


def disturbed(when=2005, size=0.3, **options):
    """Series in which a disturbance is a rise, and recovers by a third over ten years."""
    x = stable(**options)
    since = YEARS.numpy() - when
    return x + np.where(since >= 0, size - 0.01 * np.clip(since, 0, 10), 0)


def fit(values, seen=None, years=YEARS, **settings):
    values = torch.as_tensor(values)
    seen = torch.ones_like(values, dtype=torch.bool) if seen is None else torch.as_tensor(seen)
    return segment(years, values, seen, Settings(**settings))


def greatest(found):
    rise = found.value[:, 1:] - found.value[:, :-1]
    size, at = rise.max(dim=1)
    return found.year.gather(1, at[:, None])[:, 0] + 1, size


def test_a_disturbance_is_found_in_its_year_with_its_size():
    found = fit(disturbed())
    year, size = greatest(found)
    assert (year == 2005).double().mean() > 0.95
    np.testing.assert_allclose(size.median(), 0.3, atol=0.02)
    assert not found.flat.any()
    assert (found.rmse < 0.015).all()


def test_a_gain_of_the_turned_series_is_no_disturbance():
    _, size = greatest(fit(-disturbed(), recovery_threshold=1.01, prevent_one_year_recovery=False))
    assert (size < 0.2).all()  # what rises is the slow way back, by 0.1


def test_stable_series_have_no_large_segment():
    found = fit(stable())
    assert (greatest(found)[1] < 0.05).all()
    assert found.flat.double().mean() > 0.3


def test_a_constant_series_is_a_level():
    found = fit(np.full((3, len(YEARS)), 0.5))
    assert found.flat.all()
    np.testing.assert_allclose(found.fitted(YEARS), 0.5)
    np.testing.assert_allclose(found.rmse, 0, atol=1e-12)


def test_straight_pieces_without_noise_are_found_exactly():
    knots, heights = [1990, 2000, 2002, 2019], [0.1, 0.2, 0.6, 0.3]
    x = np.interp(YEARS.numpy(), knots, heights)
    found = fit(x[None])
    assert found.year[0, : found.count[0]].tolist() == knots
    np.testing.assert_allclose(found.value[0, : found.count[0]], heights, atol=1e-6)
    np.testing.assert_allclose(found.fitted(YEARS)[0], x, atol=1e-6)


def test_gaps_are_left_out():
    x = disturbed()
    seen = np.random.default_rng(1).random(x.shape) < 0.8
    year, size = greatest(fit(np.where(seen, x, 99.0), seen))
    assert (abs(year - 2005) <= 2).double().mean() > 0.9
    np.testing.assert_allclose(size.median(), 0.3, atol=0.03)


def test_a_gap_is_equal_to_a_series_without_the_year():
    x, keep = disturbed(), np.arange(len(YEARS)) % 4 != 1
    gaps, short = fit(x, np.broadcast_to(keep, x.shape).copy()), fit(x[:, keep], years=YEARS[keep])
    torch.testing.assert_close(gaps.year, short.year)
    torch.testing.assert_close(gaps.value, short.value)


def test_too_few_years_are_unknown():
    seen = np.ones((60, len(YEARS)), bool)
    seen[:20, 5:] = False
    seen[:5] = False
    found = fit(stable(), seen)
    assert (found.count[:20] == 0).all()
    assert found.rmse[:20].isnan().all()
    assert found.rmse[20:].isfinite().all()
    assert found.fitted(YEARS)[:20].isnan().all()


@pytest.mark.parametrize(("scale", "shift"), [(3.0, 0.0), (0.02, 5.0), (1e4, -300.0)])
def test_scale_and_level_do_not_matter(scale, shift):
    x = np.concatenate([disturbed(), stable(noise=0.03)])
    one, two = fit(x), fit(scale * x + shift)
    torch.testing.assert_close(one.year, two.year)
    torch.testing.assert_close(scale * one.value + shift, two.value, rtol=1e-6, atol=1e-6 * scale)


def test_years_may_be_shifted():
    x = disturbed()
    torch.testing.assert_close(fit(x).year + 13, fit(x, years=YEARS + 13).year)


def test_series_do_not_depend_on_each_other():
    x = np.concatenate([disturbed(), stable(noise=0.05), disturbed(2011, 0.1, noise=0.04)])
    whole, part = fit(x), fit(x[7:150:11])
    torch.testing.assert_close(whole.value[7:150:11], part.value)


def test_no_more_segments_than_asked_for_and_recoveries_no_faster():
    x = stable(noise=0.1, n=200)
    for most in (1, 3, 6):
        assert (fit(x, max_segments=most, pval_threshold=1.0).count <= most + 1).all()
    found = fit(x, pval_threshold=1.0, recovery_threshold=0.2)
    long = (found.year[:, 1:] - found.year[:, :-1]).clamp_min(1)
    reach = (found.value.amax(1) - found.value.amin(1)).unsqueeze(1).clamp_min(1e-12)
    rate = (found.value[:, :-1] - found.value[:, 1:]) / reach / long
    assert (rate[found.count > 2] <= 0.2 + 1e-9).all()


def test_a_spike_is_dampened_and_a_step_is_not():
    y = torch.tensor([[0.0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 0.5, 0, 0]], dtype=torch.float64)
    count = torch.tensor([7, 7, 7])
    found = despike(y, count, 0.9)
    torch.testing.assert_close(found[0], torch.zeros(7, dtype=torch.float64))
    torch.testing.assert_close(found[1:], y[1:])
    torch.testing.assert_close(despike(y, count, 1.0), y)


def test_vertices_are_those_of_a_plain_loop():
    x = disturbed(n=10, noise=0.03)
    years = YEARS.numpy() - YEARS.numpy().mean()
    series = Packed(torch.as_tensor(years).expand(10, -1), torch.as_tensor(x), torch.full((10,), len(years)))
    found = find_vertices(series, Sums(series.x, series.y, series.seen), 6)
    for i in range(10):
        vertices = [0, len(years) - 1]
        while len(vertices) < 6:
            worst, at = -1.0, None
            for a, b in pairwise(vertices):
                residual = x[i, a : b + 1] - np.polyval(
                    np.polyfit(years[a : b + 1], x[i, a : b + 1], 1), years[a : b + 1]
                )
                if b - a >= 2 and (residual**2).mean() > worst:
                    worst, at = (residual**2).mean(), a + 1 + abs(residual[1:-1]).argmax()
            vertices = sorted([*vertices, at])
        assert found[i].tolist() == vertices


def test_p_is_that_of_the_f_test():
    x = disturbed(n=5, noise=0.2)
    given = pack(YEARS, torch.as_tensor(x), torch.ones(5, len(YEARS), dtype=torch.bool))
    y = given.y - given.y.mean(dim=1, keepdim=True)
    series = Packed(given.x - given.x.mean(dim=1, keepdim=True), y, given.count)
    position = torch.tensor([[0, 14, 15, 29]]).expand(5, -1)
    value = code.fit_jointly(series, position)
    fitted = code.interpolate(series.x, position, value)
    error, total = (y - fitted).square().sum(1).numpy(), y.square().sum(1).numpy()
    expected = f_distribution.sf((total - error) / 5 / (error / (30 - 6)), 5, 24)
    np.testing.assert_allclose(code._p_of_f(series, position, value), expected)


def test_the_joint_fit_is_least_squares():
    x = torch.as_tensor(disturbed(n=4, noise=0.05))
    series = Packed(YEARS.expand(4, -1) - 2004, x, torch.full((4,), 30))
    position = torch.tensor([[0, 14, 15, 29, 29]]).expand(4, -1)
    value = code.fit_jointly(series, position)
    hats = np.stack([np.interp(YEARS, [1990, 2004, 2005, 2019], np.eye(4)[k]) for k in range(4)], axis=1)
    np.testing.assert_allclose(value[:, :4], np.linalg.lstsq(hats, x.numpy().T, rcond=None)[0].T, atol=1e-9)
    np.testing.assert_allclose(value[:, 4], value[:, 3])

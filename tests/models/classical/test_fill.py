import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.batches import batch_of

from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import get_model


def make_batch(t=9, c=2, h=3, w=4, seed=0, share=0.5):
    rng = np.random.default_rng(seed)
    days = np.cumsum(rng.integers(1, 30, t)) + 18_000
    x = rng.uniform(0, 1, (1, t, c, h, w)).astype("float32")
    usable = rng.random((1, t, h, w)) < share
    days, x, usable = torch.as_tensor(days, dtype=torch.float64), torch.as_tensor(x), torch.as_tensor(usable)
    masked = torch.where(usable[:, :, None], x, 0.0)
    every = torch.ones_like(usable)
    return Batch(masked, usable, every, x, days, days, ("red", "nir"), torch.zeros(1, 2), 10.0)


def by_loop(batch, how, max_gap=0.0):
    """The definition, one pixel at a time."""
    x, usable, days = (v.numpy() for v in (batch.x, batch.usable, batch.days))
    out = np.full_like(x, np.nan)
    for i, j in np.ndindex(x.shape[-2:]):
        seen = np.flatnonzero(usable[0, :, i, j])
        if not len(seen):
            continue
        for t in range(x.shape[1]):
            before = seen[seen <= t]
            if how == "last":
                pick = before[-1] if len(before) else seen[0]
                out[0, t, :, i, j] = x[0, pick, :, i, j]
            elif how == "closest":
                distance = np.abs(days[seen] - days[t])
                out[0, t, :, i, j] = x[0, seen[np.argmin(distance)], :, i, j]
            else:
                for band in range(x.shape[2]):
                    out[0, t, band, i, j] = np.interp(days[t], days[seen], x[0, seen, band, i, j])
    return out


@given(seed=st.integers(0, 10_000), t=st.integers(1, 12), share=st.sampled_from([0.0, 0.2, 0.6, 1.0]))
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("how", ["last", "closest", "linear"])
def test_equal_to_a_plain_loop(how, seed, t, share):
    batch = make_batch(t=t, seed=seed, share=share)
    found = get_model(f"fill-{how}").predict(batch)["bands"].numpy()
    np.testing.assert_allclose(found, by_loop(batch, how), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("how", ["last", "closest", "linear"])
def test_clear_observations_come_back_unchanged(how):
    batch = make_batch(t=20)
    found = get_model(f"fill-{how}").predict(batch)["bands"]
    seen = batch.usable[:, :, None].expand_as(found)
    assert torch.equal(found[seen], batch.x[seen])


def test_long_gaps_may_stay_empty():
    batch = make_batch(t=30, share=0.3)
    whole = get_model("fill-linear").predict(batch)["bands"]
    short = get_model("fill-linear", max_gap=20.0).predict(batch)["bands"]
    kept = torch.isfinite(short)
    assert 0 < kept.sum() < torch.isfinite(whole).sum()
    assert torch.equal(short[kept], whole[kept])


def test_before_the_first_clear_date():
    batch = make_batch(t=20, share=0.2)
    held = get_model("fill-last").predict(batch)["bands"]
    empty = get_model("fill-last", before_first="empty").predict(batch)["bands"]
    first = batch.usable.int().argmax(1)
    for i, j in np.ndindex(3, 4):
        if batch.usable[0, :, i, j].any():
            assert torch.isnan(empty[0, : first[0, i, j], 0, i, j]).all()
            assert torch.isfinite(held[0, :, 0, i, j]).all()


@pytest.mark.parametrize("how", ["last", "closest", "linear"])
def test_two_observations_on_one_day(how):
    days = 18_000 + np.array([0.0, 5, 5, 5, 9])
    seen = np.array([0, 1, 0, 1, 0], bool)
    found = get_model(f"fill-{how}").predict(batch_of(np.array([9, 0.2, 9, 0.4, 9]), days, seen))["bands"].ravel()
    # The gap on the very day takes the one before, what follows takes the last.
    np.testing.assert_allclose(found, [0.2, 0.2, 0.2, 0.4, 0.4], rtol=1e-6)


def test_one_date():
    for how in ("last", "closest", "linear"):
        found = get_model(f"fill-{how}").predict(batch_of(np.full((1, 1, 2), 0.3), [18_000.0], [[True, False]]))[
            "bands"
        ]
        np.testing.assert_allclose(found.ravel(), [0.3, np.nan], rtol=1e-6)


def test_romania_under_borrowed_clouds(romania):
    """Half of the clear dates hidden by the clouds of others: the error that the literature of gap filling starts from."""
    import eowidgets as eow

    clear = romania.eow.clearest(0.05)
    cloudy = romania.clouds.values[romania.eow.cloud_cover().values > 0.3]
    clear["clouds"][:] = False
    hidden = np.zeros(clear.clouds.shape, bool)
    for k, t in enumerate(range(1, clear.sizes["time"] - 1, 2)):
        hidden[t] = cloudy[k % len(cloudy)]
    filled = eow.run("fill-linear", clear.assign(clouds=(("time", "y", "x"), hidden)))
    error = np.concatenate([(filled[b].values - clear[b].values)[hidden] for b in ("blue", "green", "red", "nir")])
    psnr = -10 * np.log10(np.mean(error**2))
    assert 22 < psnr < 32

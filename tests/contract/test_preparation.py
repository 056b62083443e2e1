import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.batches import batch_of

from eowidgets.contract.prepare import Preparation
from eowidgets.errors import ModelError


def batch(h=12, w=10, t=2, seed=0, resolution=10.0, value=None):
    rng = np.random.default_rng(seed)
    one = batch_of(rng.random((t, 2, 3)), 18_000 + np.arange(t), bands=("red", "nir"))
    raw = torch.as_tensor(rng.random((1, t, 2, h, w)), dtype=torch.float32)
    if value is not None:
        raw[:] = value
    usable = torch.as_tensor(rng.random((1, t, h, w)) < 0.7)
    raw = raw * usable.unsqueeze(2)
    return dataclasses.replace(one, x=raw, raw=raw, usable=usable, measured=usable, resolution=resolution)


def test_bands_by_name_and_scale():
    b = batch()
    x = Preparation(("nir", "red"), scale=10_000, mean=(2000, 500), std=(800, 300))(b)
    seen = b.usable[0]
    nir, red = (b.raw[0, :, i] * 1e4 for i in (1, 0))
    torch.testing.assert_close(x[0, :, 0][seen], ((nir - 2000) / 800)[seen])
    torch.testing.assert_close(x[0, :, 1][seen], ((red - 500) / 300)[seen])
    assert (x[0, :, 0][~seen] == 0).all()


def test_a_missing_band_is_said():
    with pytest.raises(ModelError, match="needs the band swir16, and was given red, nir"):
        Preparation(("red", "swir16"))(batch())


@given(
    h=st.integers(1, 40),
    w=st.integers(1, 40),
    wanted=st.sampled_from([5.0, 10.0, 20.0, 30.0]),
    multiple=st.sampled_from([1, 4, 7]),
)
@settings(max_examples=40, deadline=None)
def test_a_constant_stays_constant_there_and_back_whatever_was_not_seen(h, w, wanted, multiple):
    b = batch(h=h, w=w, value=0.4)
    prepare = Preparation(("red", "nir"), resolution=wanted, multiple=multiple)
    x = prepare(b)
    assert x.shape[-2] % multiple == 0
    assert x.shape[-1] % multiple == 0
    assert torch.isclose(x, torch.tensor(0.4)).logical_or(x == 0).all()
    back = prepare.restore(torch.full_like(x, 0.7), b)
    assert back.shape[-2:] == (h, w)
    torch.testing.assert_close(back, torch.full_like(back, 0.7))


def test_halving_averages_blocks():
    b = batch(h=8, w=8)
    b = dataclasses.replace(b, measured=torch.ones_like(b.measured))
    x = Preparation(("red",), resolution=20)(b)
    plain = torch.nn.functional.interpolate(b.raw[:, :, 0], size=(4, 4), mode="bilinear", antialias=True)
    torch.testing.assert_close(x[:, :, 0], plain)
    assert Preparation(("red",), resolution=10.02).size(b) == (8, 8)

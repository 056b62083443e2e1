"""UniTS behind the contract of models."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from test_units_network import SMALL, awake

import eowidgets as eow
from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import register
from eowidgets.errors import InputError, ModelError, SourceError
from eowidgets.models.units import weights
from eowidgets.models.units.adapters import UniTSModel, UniTSReconstruct
from eowidgets.models.units.between import interpolate
from eowidgets.models.units.change import UniTSChange
from eowidgets.models.units.clear import guess_clear
from eowidgets.models.units.clouds import FindAndFill, UniTSClouds
from eowidgets.models.units.config import UniTSConfig
from eowidgets.models.units.forecast import UniTSForecast
from eowidgets.models.units.local import regression_note
from eowidgets.models.units.network import UniTS
from eowidgets.models.units.regression import regress


def make_batch(b=2, t=6, side=8, bands=("blue", "red", "nir"), seed=0):
    g = torch.Generator().manual_seed(seed)
    raw = torch.rand((b, t, len(bands), side, side), generator=g) * 0.3
    usable = torch.rand((b, t, side, side), generator=g) > 0.4
    days = 18000 + torch.cumsum(torch.randint(3, 30, (t,), generator=g), 0).double()
    measured = torch.ones_like(usable)
    return Batch(raw * usable[:, :, None], usable, measured, raw, days, days, bands, torch.zeros(b, 2), 10.0)


def seeded(model, batch, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return model.predict(batch)


def made(cls, **params):
    """Give a model with untrained networks."""
    judging = dataclasses.replace(SMALL, judge=8)
    network = FindAndFill(awake(judging, seed=1), awake()) if cls is UniTSClouds else awake()
    return cls(network, **params)


def test_untrained_reconstruction_is_linear_interpolation():
    batch = make_batch()
    out = UniTSReconstruct(UniTS(SMALL).eval()).predict(batch)["reflectance"]
    expected, _ = interpolate(batch.x, batch.usable, batch.days.expand(2, -1))
    torch.testing.assert_close(out, expected)


def test_bands_it_was_not_trained_on_do_not_disturb():
    network = awake()
    network.config = dataclasses.replace(network.config, bands=("blue", "red"))
    batch = make_batch(bands=("blue", "red", "nir"))
    with_nir = UniTSReconstruct(network).predict(batch)["reflectance"]
    two = dataclasses.replace(batch, x=batch.x[:, :, :2], raw=batch.raw[:, :, :2], bands=("blue", "red"))
    torch.testing.assert_close(with_nir[:, :, :2], UniTSReconstruct(network).predict(two)["reflectance"])
    straight, _ = interpolate(batch.x, batch.usable, batch.days.expand(2, -1))
    assert not torch.allclose(with_nir[:, :, :2], straight[:, :, :2])


def test_clear_measurements_are_kept_and_the_spread_is_zero_there():
    batch = make_batch()
    out = UniTSReconstruct(awake(), samples=3).predict(batch)
    keep = batch.usable[:, :, None].expand_as(batch.x)
    assert torch.equal(out["reflectance"][keep], batch.x[keep])
    assert not out["spread"][batch.usable].any()
    assert out["spread"][~batch.usable].min() > 0
    free = UniTSReconstruct(awake(), keep_observed=False).predict(batch)["reflectance"]
    assert free.shape == batch.x.shape


def test_outputs_match_what_is_declared():
    batch = make_batch()
    for cls in (UniTSReconstruct, UniTSClouds):
        for samples in (1, 2):
            model = made(cls, samples=samples)
            out = model.predict(batch)
            assert set(out) == {o.name for o in model.outputs(batch.bands)}
            assert out["reflectance"].shape == batch.x.shape
            assert all(torch.isfinite(v).all() for v in out.values())


def test_same_seed_same_bytes():
    batch = make_batch()
    first, again, other = (seeded(made(UniTSClouds, samples=2), batch, seed) for seed in (3, 3, 4))
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not torch.equal(first["spread"], other["spread"])


@pytest.mark.parametrize("cls", [UniTSReconstruct, UniTSClouds])
def test_permuted_dates_give_permuted_answers(cls):
    batch, order = make_batch(), torch.tensor([3, 0, 5, 1, 4, 2])
    turned = {f: getattr(batch, f)[:, order] for f in ("x", "usable", "measured", "raw")}
    shuffled = dataclasses.replace(batch, **turned, days=batch.days[order])
    straight, out = (seeded(made(cls, samples=2), b) for b in (batch, shuffled))
    for key, value in straight.items():
        torch.testing.assert_close(out[key], value[:, order])


def test_radar_is_used_and_passes_through():
    radar = make_batch(bands=("blue", "red", "nir", "vv", "vh"))
    plain = dataclasses.replace(radar, x=radar.x[:, :, :3], raw=radar.raw[:, :, :3], bands=radar.bands[:3])
    with_radar = UniTSReconstruct(awake()).predict(radar)["reflectance"]
    without = UniTSReconstruct(awake()).predict(plain)["reflectance"]
    assert torch.equal(with_radar[:, :, 3:], radar.x[:, :, 3:])
    assert not torch.allclose(with_radar[:, :, :3], without)


def test_radar_is_refused_by_weights_that_were_not_trained_with_it():
    with pytest.raises(InputError, match=r"not trained with radar: leave 'vv', 'vh' out"):
        UniTSReconstruct(awake(dataclasses.replace(SMALL, aux=0))).outputs(("red", "vv", "vh"))
    for cls in (UniTSReconstruct, UniTSClouds, UniTSForecast):
        with pytest.raises(InputError, match=f"{cls.name} were not trained with radar"):
            cls().outputs(("red", "nir", "vv"))
    assert UniTSChange().outputs(("red", "nir", "vv", "vh"))


def test_every_band_has_its_own_spread():
    batch = make_batch()
    out = UniTSReconstruct(awake(), samples=4).predict(batch)
    each = torch.stack([out[f"spread_{b}"] for b in batch.bands])
    torch.testing.assert_close(each.mean(0), out["spread"])
    assert not torch.allclose(each[0], each[2])


def test_place_is_that_of_the_cube():
    placed = awake(dataclasses.replace(SMALL, place=True))
    batch = make_batch(b=1)
    here, there = UniTSReconstruct(placed), UniTSReconstruct(placed)
    here.survey(eow.open("bouconne"))
    assert here.centre == pytest.approx((1.229, 43.649), abs=1e-3)
    there.centre = (-60.0, -10.0)
    east, west = (seeded(m, batch)["reflectance"] for m in (here, there))
    assert not torch.allclose(east, west)
    # All windows get the place of the cube, not their own.
    moved = dataclasses.replace(batch, lonlat=batch.lonlat + 20)
    assert torch.equal(seeded(here, moved)["reflectance"], east)


def test_regression_is_stated():
    noted = UniTSReconstruct(awake(dataclasses.replace(SMALL, local=0.65))).settings()["regression"]
    assert noted.startswith("65% of the prediction on partly visible dates is a ridge regression")
    assert "is mostly a ridge regression on the date's clear pixels" in regression_note(UniTSConfig(passes=1))
    assert regression_note(UniTSConfig()) == "No part of the prediction is a regression."


def test_untrained_network_on_the_regression_gives_the_regression():
    batch = make_batch(side=16)
    network = UniTS(dataclasses.replace(SMALL, passes=1, mix=2, shrink=True)).eval()
    filled, _ = interpolate(batch.x, batch.usable, batch.days.expand(len(batch.x), -1))
    expected = regress(filled, batch.usable, batch.days.expand(len(batch.x), -1)).clamp(min=0)
    found = UniTSReconstruct(network).predict(batch)["reflectance"]
    ever = batch.usable.any(dim=1)[:, None, None].expand_as(found)
    torch.testing.assert_close(found[ever], expected[ever], atol=1e-5, rtol=1e-4)


def test_wrong_bands_are_refused_by_name():
    with pytest.raises(InputError, match="'thermal'"):
        UniTSReconstruct(awake()).outputs(("red", "thermal"))
    with pytest.raises(InputError, match="no reflectance band"):
        UniTSReconstruct(awake()).outputs(("vv",))


def test_samples_that_cannot_differ_are_refused():
    with pytest.raises(InputError, match="steps"):
        UniTSReconstruct(samples=4, steps=1)
    with pytest.raises(InputError, match="samples"):
        UniTSReconstruct(samples=0)


def test_weights_travel_and_damage_is_told(tmp_path):
    network = awake()
    path = tmp_path / "w.safetensors"
    digest = weights.save(network, path)
    again = weights.load(path, digest)
    assert again.config == network.config
    for key, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[key], value, rtol=1e-3, atol=1e-4)
    assert not any(p.requires_grad for p in again.parameters())
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ModelError, match="not the one expected"):
        weights.load(path, digest)
    with pytest.raises(ModelError, match="could not be read"):
        weights.load(path)
    with pytest.raises(SourceError, match="could not be read from"):
        weights.load(tmp_path / "none.safetensors")


def test_guess_of_clear_sees_cloud_and_shadow():
    g = torch.Generator().manual_seed(0)
    bands = ("blue", "green", "red", "nir")
    ground = torch.tensor([0.04, 0.06, 0.05, 0.30])[:, None, None]
    raw = ground + 0.005 * torch.randn((1, 8, 4, 6, 6), generator=g)
    raw[0, 2, :, :3] += 0.4  # cloud
    raw[0, 5, :, 3:] *= 0.3  # shadow
    measured = torch.ones(1, 8, 6, 6, dtype=torch.bool)
    measured[0, 7, 0, 0] = False
    clear = guess_clear(raw, measured, bands)
    expected = measured.clone()
    expected[0, 2, :3] = False
    expected[0, 5, 3:] = False
    assert torch.equal(clear, expected)
    nothing = guess_clear(torch.zeros_like(raw), torch.zeros_like(measured), bands)
    assert not nothing.any()


def test_wider_samples_keep_their_mean():
    batch, narrow, wide = make_batch(), awake(), awake(dataclasses.replace(SMALL, widen=3.0))
    one, three = (seeded(UniTSReconstruct(n, samples=4), batch) for n in (narrow, wide))
    torch.testing.assert_close(one["reflectance"], three["reflectance"], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(3 * one["spread"], three["spread"], atol=1e-5, rtol=1e-3)


def test_trust_shrinks_the_answer_towards_interpolation():
    batch, full, half = make_batch(), awake(), awake(dataclasses.replace(SMALL, trust=0.5))
    base, _ = interpolate(batch.x, batch.usable, batch.days.expand(2, -1))
    whole, part = (seeded(UniTSReconstruct(n), batch)["reflectance"] - base for n in (full, half))
    assert float(whole.abs().max()) > 1e-3
    torch.testing.assert_close(whole, 2 * part, atol=1e-6, rtol=1e-4)


def test_registering_again_is_no_clash():
    assert register(UniTSReconstruct) is UniTSReconstruct
    assert issubclass(UniTSReconstruct, UniTSModel)

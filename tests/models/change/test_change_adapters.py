import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from eowidgets.engine.run import run
from eowidgets.errors import InputError, ModelError, SourceError
from eowidgets.models.change import ChangeFCSiam, ChangeLENet, FCSiamDiff, LENet, LENetConfig, SiamDiffConfig
from eowidgets.models.change.pictures import standardised, statistics, survey
from eowidgets.models.change.weights import load, save
from eowidgets.simulate.pairs import simulate_pair


class Brighter(nn.Module):
    """A network that can be checked by eye: a building where the second picture is brighter, a road where darker."""

    def forward(self, a, b):
        d = (b - a).mean(dim=1)
        return [torch.stack([torch.full_like(d, 4.0), -4 * d, 4 * d], dim=1)]


@pytest.fixture
def cube(make_cube) -> xr.Dataset:
    made = make_cube(dates=2, height=40, width=56, bands=("red", "green", "blue"), clouds=0.0, resolution=0.5)
    made["clouds"][:] = False
    return made


@pytest.mark.parametrize(
    ("model", "network"),
    [
        (ChangeLENet, LENet(LENetConfig(widths=(8, 8, 8, 8), width=8, heads=2))),
        (ChangeFCSiam, FCSiamDiff(SiamDiffConfig(widths=(4, 4, 4, 4)))),
    ],
)
def test_runs_through_the_engine_and_gives_the_same_twice(cube, model, network):
    network.eval()
    made = [run(model(network), cube) for _ in range(2)]
    assert {"change", "change_probability", "kind", "kind_probability"} <= set(made[0].data_vars)
    assert made[0]["change"].dtype == np.uint8 and made[0]["change"].shape == (40, 56)
    xr.testing.assert_equal(made[0]["kind_probability"], made[1]["kind_probability"])


def blocks(cube: xr.Dataset) -> xr.Dataset:
    """The same ground on both dates; a bright block is new, a dark one as well."""
    ground = 0.3 + 0.1 * np.sin(np.arange(56) / 3) * np.cos(np.arange(40) / 5)[:, None]
    for band in ("red", "green", "blue"):
        cube[band][:] = ground.astype("float32")
        cube[band][1, 8:16, 8:16] += 0.3
        cube[band][1, 24:32, 30:40] -= 0.3
    return cube


def test_finds_what_the_network_finds_and_roads_only_when_asked(cube):
    cube = blocks(cube)
    built = run(ChangeLENet(Brighter()), cube)
    both = run(ChangeLENet(Brighter(), what="buildings and roads"), cube)
    assert (built["kind"][10, 10] == 2) and (built["kind"][28, 35] == 1) and (built["kind"][20, 20] == 0)
    assert built["change"][10, 10] == 1 and built["change"][28, 35] == 0
    assert both["change"][10, 10] == 1 and both["change"][28, 35] == 1 and both["change"][20, 20] == 0


def test_threshold_moves_the_mask_and_not_the_kind(cube):
    cube = blocks(cube)
    strict = run(ChangeLENet(Brighter(), threshold=0.95), cube)
    loose = run(ChangeLENet(Brighter(), threshold=0.05), cube)
    assert int(loose["change"].sum()) > int(strict["change"].sum())
    xr.testing.assert_equal(loose["kind"], strict["kind"])


def test_gain_offset_and_units_of_a_date_do_not_matter(cube):
    cube = blocks(cube)
    other = cube.copy(deep=True)
    for band, offset in (("red", 9.0), ("green", 12.0), ("blue", 10.0)):
        other[band][1] = other[band][1] * 100.0 + offset
    a, b = (run(ChangeLENet(Brighter(), what="buildings and roads"), c, precision="fp32") for c in (cube, other))
    assert float((a["change"] != b["change"]).mean()) < 0.01


def test_what_was_not_seen_on_one_date_is_nodata(cube):
    cube["clouds"][0, :10, :10] = True
    made = run(ChangeLENet(Brighter()), cube)
    assert (made["change"][:10, :10] == 255).all()
    assert (made["change"][12:, 12:] != 255).all()


def test_longer_series_are_split_in_two(make_cube):
    cube = make_cube(dates=4, height=32, width=32, bands=("red", "green", "blue"), clouds=0.0)
    late = str(cube["time"].values[3])[:10]
    model = ChangeLENet(Brighter(), split=late)
    assert model.sides(cube["time"].values) == ([0, 1, 2], [3])
    assert run(model, cube)["change"].shape == (32, 32)


def test_wrong_bands_dates_and_networks_are_refused_in_one_sentence(make_cube):
    with pytest.raises(ModelError, match="blue"):
        run(ChangeLENet(Brighter()), make_cube(dates=2, bands=("red", "nir")))
    with pytest.raises(ModelError, match="2 dates"):
        run(ChangeLENet(Brighter()), make_cube(dates=1, bands=("red", "green", "blue")))
    with pytest.raises(InputError, match="what"):
        ChangeLENet(Brighter(), what="trees")
    with pytest.raises(InputError, match="split|side"):
        run(ChangeLENet(Brighter(), split="1999-01-01"), make_cube(dates=2, bands=("red", "green", "blue")))


def test_statistics_leave_out_what_was_not_seen():
    x = torch.zeros(1, 3, 4, 4)
    x[..., 2:] = 100.0
    seen = torch.zeros(1, 4, 4, dtype=torch.bool)
    seen[..., :2] = True
    mean, spread = statistics(x, seen)
    assert float(mean.abs().max()) == 0 and float(spread.max()) == 0
    assert torch.isfinite(standardised(x, mean, spread)).all()
    y = torch.randn(2, 3, 64, 64) * torch.tensor([1.0, 5.0, 2.0])[:, None, None] + 7
    z = standardised(y, *statistics(y))
    assert float(z.mean().abs()) < 0.05


def test_survey_sees_both_pictures(cube):
    found = survey(cube, ("red", "green", "blue"), [0], [1])
    assert found["mean"].shape == (2, 3, 1, 1)
    assert float(found["mean"][1, 2]) == pytest.approx(float(cube["blue"][1].mean()), abs=1e-4)


def test_weights_come_back_and_strange_ones_are_refused(tmp_path):
    torch.manual_seed(0)
    network = LENet(LENetConfig(widths=(8, 8, 8, 8), width=8, heads=2)).eval()
    digest = save(network, tmp_path / "a.safetensors", note="x")
    again, about = load(tmp_path / "a.safetensors", digest)
    assert about["note"] == "x"
    a, b = torch.randn(1, 3, 32, 32), torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(again(a, b)[0], network(a, b)[0], atol=0.02, rtol=0.02)
    with pytest.raises(ModelError, match="not the one expected"):
        load(tmp_path / "a.safetensors", "0" * 64)
    with pytest.raises(SourceError, match="could not be read from"):
        load(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"not numbers")
    with pytest.raises(ModelError, match="could not be read"):
        load(tmp_path / "bad.safetensors")


@pytest.mark.parametrize("name", ["change-lenet", "change-fcsiam", "change-mci"])
def test_shipped_networks_are_registered_and_find_a_new_hall(name):
    pair = simulate_pair(scenario="commerce", seed=1_000_007)
    made = run(name, pair.cube())
    found, truth = made["change"].values == 1, pair.change == 2
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.4

import os

import numpy as np
import pytest
import torch
from support.encoders import OPTICAL, RADAR, hash_of_keys, series_cube

import eowidgets as eow
from eowidgets.models.encode.presto import Presto, PrestoModel
from eowidgets.models.encode.presto.network import Encoder

#: Computed with the authors' code and weights; README.md beside the model describes how.
REFERENCE = {
    OPTICAL + RADAR: {
        (0, 0): (-1.24718, -2.29643, 0.59008, 1.19374, 0.55335, 0.54200),
        (1, 2): (-1.63421, -2.78096, 1.24840, 1.22713, -0.51711, 0.94621),
    },
    OPTICAL: {
        (0, 0): (-0.92630, -2.46708, 0.37801, 0.97744, 0.73277, 0.43667),
        (1, 2): (-1.56829, -3.13464, 1.04926, 1.06506, -0.61477, 0.96693),
    },
}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = Presto()
    made.encoder = Encoder(depth=1, hidden=32)
    return made.eval()


def test_the_network_has_the_published_names_and_shapes():
    published = "c8b85acacdb7997a913e4b92fe568ee17ce6d33ca9153067ba72365a7d8845a2"
    assert hash_of_keys(Presto()) == (50, published)
    assert sum(p.numel() for p in Presto().parameters()) == 404_160


@pytest.mark.skipif("EOW_PRESTO_WEIGHTS" not in os.environ, reason="needs the file of the published weights")
@pytest.mark.parametrize("bands", REFERENCE, ids=["both", "optical"])
def test_the_published_weights_give_what_the_authors_code_gives(bands):
    found = eow.run("presto", series_cube(2, 3, bands=bands), weights=os.environ["EOW_PRESTO_WEIGHTS"])
    for (row, column), vector in REFERENCE[bands].items():
        np.testing.assert_allclose(found["embedding"].values[:6, row, column], vector, atol=1e-4)


@pytest.mark.parametrize("window", [5, 16])
def test_any_window_gives_the_same_vectors(network, window):
    cube = series_cube(24, 20)
    whole = eow.run(PrestoModel(network), cube, window=24, precision="fp32")
    cut = eow.run(PrestoModel(network), cube, window=window, batch=3, precision="fp32")
    assert whole["embedding"].dims == ("feature", "y", "x")
    np.testing.assert_allclose(cut["embedding"], whole["embedding"], atol=1e-5)


def test_what_was_not_seen_does_not_count(network):
    cube = series_cube(4, 4)
    changed = cube.copy(deep=True)
    for band in OPTICAL:
        changed[band].values[cube["clouds"].values] = 0.9
    run = [eow.run(PrestoModel(network), c)["embedding"] for c in (cube, changed)]
    np.testing.assert_array_equal(*run)


def test_radar_counts_under_clouds(network):
    cube = series_cube(4, 4)
    changed = cube.copy(deep=True)
    changed["vv"].values[cube["clouds"].values] = 1.0
    run = [eow.run(PrestoModel(network), c)["embedding"].values for c in (cube, changed)]
    assert (np.abs(run[0] - run[1]).max(axis=0)[cube["clouds"].values.any(axis=0)] > 1e-4).all()


def test_a_pixel_that_was_never_seen_has_no_vector(network):
    cube = series_cube(4, 4)
    cube["clouds"][:, 1, 2] = True
    found = eow.run(PrestoModel(network), cube)
    assert np.isnan(found["embedding"][:, 1, 2]).all()
    assert int(found["valid"].sum()) == 15


def test_four_bands_are_enough_and_more_dates_than_the_table_has_are_refused(network):
    cube = series_cube(3, 3, bands=("blue", "green", "red", "nir"))
    assert np.isfinite(eow.run(PrestoModel(network), cube)["embedding"]).all()
    many = cube.isel(time=[0] * 25).assign_coords(time=np.arange(25) * np.timedelta64(15, "D") + cube["time"].values[0])
    with pytest.raises(eow.EowidgetsError, match="at most 24 dates, and this cube has 25"):
        eow.run(PrestoModel(network), many)
    with pytest.raises(eow.EowidgetsError, match="needs the band blue"):
        eow.run(PrestoModel(network), cube[["green", "red", "nir"]])


def test_tokens_of_all_groups_are_encoded():
    network = Presto().encoder
    rng = torch.Generator().manual_seed(1)
    groups = {
        name: torch.rand(2, 3, layer.in_features, generator=rng) for name, layer in network.eo_patch_embed.items()
    }
    groups["SRTM"] = groups["SRTM"][:, :1]
    groups["dynamic_world"] = torch.tensor([[0, 8, 9], [3, 3, 3]])
    seen = {name: torch.ones(values.shape[:2], dtype=torch.bool) for name, values in groups.items()}
    months, lonlat = torch.tensor([0, 5, 11]), torch.tensor([[26.0, 45.0], [-70.0, -10.0]])
    whole = network(groups, seen, months, lonlat)
    for name in groups:
        without = network(groups, {**seen, name: torch.zeros_like(seen[name])}, months, lonlat)
        assert (whole - without).abs().max() > 1e-3
        dropped = network({k: v for k, v in groups.items() if k != name}, seen, months, lonlat)
        torch.testing.assert_close(without, dropped)

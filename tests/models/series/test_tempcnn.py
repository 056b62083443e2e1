import numpy as np
import pytest
import torch
import xarray as xr
from torch.nn import functional

import eowidgets as eow
from eowidgets.models.series.tempcnn import PAPER, TempCNN, TempCNNConfig, TempCNNModel
from eowidgets.models.series.tempcnn.card import BANDS, CROPS
from eowidgets.testing import check_model, tiny_cube

NAMES = {c.value: c.name for c in CROPS}
#: What a savanna may be called.
GRASS = ("Cerrado", "Pasture")


def test_the_parameters_of_the_paper():
    """Three convolutions and the dense layer, each with batch norm (scale and shift), and the classes."""
    with torch.device("meta"):
        network = TempCNN(PAPER)
    convolutions = (5 * 3 * 64 + 64) + 2 * (5 * 64 * 64 + 64) + 3 * 2 * 64
    dense = 149 * 64 * 256 + 256 + 2 * 256 + 256 * 13 + 13
    assert sum(p.numel() for p in network.parameters()) == convolutions + dense == 2_487_821


def test_the_network_is_the_three_convolutions_and_the_dense_layer_of_the_paper():
    torch.manual_seed(0)
    network = TempCNN(TempCNNConfig(dates=7, bands=2, classes=3, filters=4, dense=5)).eval()
    network.low.copy_(torch.tensor([0.1, 0.2]))
    network.high.copy_(torch.tensor([0.5, 0.8]))
    series = torch.rand(6, 7, 2)
    x = ((series - torch.tensor([0.1, 0.2])) / torch.tensor([0.4, 0.6])).permute(0, 2, 1)
    for i in (0, 4, 8):
        convolution, norm = network.convolutions[i], network.convolutions[i + 1]
        norm.running_mean.uniform_()
        x = functional.conv1d(functional.pad(x, (2, 2)), convolution.weight, convolution.bias)
        x = (x - norm.running_mean[:, None]) / (norm.running_var[:, None] + norm.eps).sqrt()
        x = (x * norm.weight[:, None] + norm.bias[:, None]).clamp_min(0)
    x = network.dense[1](network.dense[0](x.reshape(6, -1))).clamp_min(0)
    torch.testing.assert_close(network(series), network.head(x))
    assert [m.p for m in network.modules() if isinstance(m, torch.nn.Dropout)] == [0.5] * 4


def course(peaks, height=0.45, n=23):
    """A crop year with peaks of green at some of its dates: blue, red, nir and swir22, (t, 4)."""
    at = np.arange(n)[:, None]
    green = np.clip(sum(np.exp(-(((at - p) / 2.0) ** 2)) for p in peaks), 0, 1)
    bare, full = np.array([0.06, 0.12, 0.24, 0.25]), np.array([0.03, 0.04, height, 0.08])
    return bare + green * (full - bare)


def savanna(n=23):
    """Cerrado: a flat year, a little greener in the rains."""
    nir = 0.22 + 0.1 * np.sin(np.pi * np.arange(n) / (n - 1))
    return np.stack([np.full(n, 0.04), 0.09 - 0.2 * (nir - 0.22), nir, 0.16 - 0.5 * (nir - 0.22)], axis=1)


def cube_of(left, right):
    cube = tiny_cube(BANDS, dates=23, height=16, width=16, start="2018-09-14").load()
    for i, band in enumerate(BANDS):
        cube[band].values[:, :, :8], cube[band].values[:, :, 8:] = left[:, None, None, i], right[:, None, None, i]
    cube["clouds"][:] = False
    cube["valid"][:] = True
    return cube


def test_a_map_and_a_table_of_one_and_of_two_crops():
    """Soy and then a second crop, and savanna."""
    cube = cube_of(course((6, 13)), savanna())
    found = eow.run("tempcnn", cube)
    left, right = ({NAMES[v] for v in np.unique(part)} for part in np.split(found["crop"].values, 2, axis=1))
    assert right <= set(GRASS)
    assert len(left) == 1
    assert left.pop().startswith("Soy_")
    table = cube[list(BANDS)].isel(y=[3], x=[2, 12]).stack(id=("y", "x")).reset_index("id", drop=True)
    rows = eow.run("tempcnn", table.to_dataframe().reset_index())
    assert list(rows["crop"]) == [NAMES[found["crop"].values[3, x]] for x in (2, 12)]
    np.testing.assert_allclose(rows["crop_probability"], found["crop_probability"].values[3, [2, 12]], atol=1e-5)


def test_gaps_and_years():
    """Two years with the crop in the first; clouds that hide two dates of three leave enough, all but a month do not."""
    first, second = cube_of(course((6, 13)), savanna()), cube_of(savanna(), savanna())
    second["time"] = second["time"] + np.timedelta64(365, "D")
    both = xr.concat([first, second], "time")
    assert {NAMES[v] for v in np.unique(eow.run("tempcnn", both)["crop"])} <= set(GRASS)
    early = eow.run("tempcnn", both, year=2018)["crop"]
    np.testing.assert_array_equal(early, eow.run("tempcnn", first)["crop"])
    first["clouds"][:, 4:] = (np.arange(23) % 2 == 1)[:, None, None]
    first["clouds"][3:, :4] = True
    found = eow.run("tempcnn", first)
    assert (found["crop"][:4] == 255).all()
    assert {NAMES[v] for v in np.unique(found["crop"][4:, 8:])} <= set(GRASS)


def test_it_keeps_the_contract():
    check_model("tempcnn")


def test_its_weights_are_small_and_their_source_is_on_the_card():
    card = TempCNNModel.card
    assert TempCNNModel.checkpoint.size < 2_000_000
    assert card.licence == "GPL-2.0"
    assert "sits" in card.data
    assert card.scores


def test_other_weights_are_taken():
    torch.manual_seed(1)
    network = TempCNN(TempCNNConfig(23, 4, len(CROPS))).eval()
    cube = cube_of(course((6,)), course((13,)))
    assert not np.array_equal(
        eow.run(TempCNNModel(network), cube)["crop_probability"], eow.run("tempcnn", cube)["crop_probability"]
    )


def test_a_year_that_is_too_short_is_refused():
    with pytest.raises(eow.EowidgetsError, match="needs at least 8 dates, and this cube has 7"):
        eow.run("tempcnn", cube_of(course((6,)), course((13,))).isel(time=slice(7)))

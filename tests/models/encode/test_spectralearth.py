"""SpectralEarth: the grid of wavelengths, the adapter and the transformer, the masked autoencoder, and the model."""

import numpy as np
import pytest
import torch
import xarray as xr

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import ModelError
from eowidgets.models.encode.spectralearth import MaskedAutoencoder, SpectralEarth, SpectralViT
from eowidgets.models.encode.spectralearth.config import PAPER, SMALL, SpectralConfig
from eowidgets.models.encode.spectralearth.spectra import grid, resampling

TINY = SpectralConfig(400.0, 900.0, 20.0, 8, 1, 2, (4, 4, 4), strides=(2, 2, 1), side=16)


def random_model():
    torch.manual_seed(0)
    return SpectralEarth(SpectralViT(SMALL).eval())


def hyperspectral(bands=70, first=400.0, last=900.0, side=32):
    """A cube whose spectra rise linearly with the wavelength."""
    at = np.linspace(first, last, bands)
    coords = {
        "time": np.array(["2020-07-01"], "datetime64[ns]"),
        "y": np.arange(side, 0, -1.0),
        "x": np.arange(side * 1.0),
    }
    made = {}
    for i, nm in enumerate(at):
        values = np.full((1, side, side), nm / 1000, "float32")
        attrs = {"center_wavelength": float(nm), "units": "1"}
        made[f"b{i}"] = xr.DataArray(values, coords, ("time", "y", "x"), attrs=attrs)
    made["valid"] = xr.DataArray(np.ones((1, side, side), bool), coords, ("time", "y", "x"))
    return xr.Dataset(made).rio.write_crs("EPSG:32631")


@pytest.mark.parametrize(("size", "millions"), [("vit-s", 22), ("vit-b", 86), ("vit-l", 304), ("vit-h", 630)])
def test_the_networks_of_the_paper(size, millions):
    with torch.device("meta"):
        network = SpectralViT(PAPER[size])
    # The counts of the authors' list, which are rounded.
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(millions * 1e6, rel=0.03)
    assert PAPER[size].bands == 202


def test_the_adapter_has_the_shapes_of_the_authors():
    with torch.device("meta"):
        adapter = SpectralViT(PAPER["vit-s"]).spectral_adapter
    shapes = {k: tuple(v.shape) for k, v in adapter.state_dict().items() if k.endswith("weight")}
    assert shapes == {
        "0.weight": (32, 1, 7, 1, 1),
        "1.weight": (32,),
        "3.weight": (64, 32, 7, 1, 1),
        "4.weight": (64,),
        "6.weight": (128, 64, 5, 1, 1),
        "7.weight": (128,),
    }


def test_a_line_stays_a_line_on_the_grid():
    for at in (np.linspace(380, 950, 60), np.linspace(395, 895, 400), np.linspace(950, 380, 60)):
        matrix = resampling(at, SMALL)
        assert matrix.sum(1) == pytest.approx(1.0, abs=1e-5)
        assert matrix @ torch.from_numpy(at.astype("float32")) == pytest.approx(grid(SMALL), abs=2.0)


@pytest.mark.parametrize("at", [(490.0, 560.0, 665.0, 842.0), np.linspace(400, 700, 80), np.r_[400:600:5, 700:900:5]])
def test_spectra_with_gaps_are_refused(at):
    with pytest.raises(ModelError, match="from 405 to 885 nm without gaps"):
        resampling(at, SMALL)


def test_some_patches_are_encoded_as_they_are_among_all():
    torch.manual_seed(0)
    network = SpectralViT(TINY).eval()
    x = torch.rand(2, TINY.bands, 16, 16)
    whole = network.tokens(x, torch.arange(16).expand(2, -1))
    assert torch.allclose(whole, network.tokens(x), atol=1e-5)
    order = torch.tensor([[3, 1, 7], [0, 5, 2]])
    other = x.clone()
    other[:, :, 12:] += 1
    assert torch.equal(network.tokens(x, order), network.tokens(other, order))


def test_positions_are_interpolated_to_other_sizes():
    network = SpectralViT(TINY).eval()
    assert network(torch.rand(1, TINY.bands, 24, 8)).shape == (1, 8, 6, 2)


@pytest.mark.parametrize("whole", [False, True])
def test_the_autoencoder_learns_to_restore(whole):
    torch.manual_seed(0)
    task = MaskedAutoencoder(SpectralViT(TINY), width=16, heads=2, whole=whole)
    x = torch.rand(4, TINY.bands, 1, 1) + torch.linspace(0, 1, TINY.bands).view(1, -1, 1, 1) + torch.zeros(1, 1, 16, 16)
    optimiser = torch.optim.Adam(task.parameters(), lr=0.01)
    losses = []
    for i in range(25):
        loss = task(x, torch.Generator().manual_seed(i))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-3:]) < 0.6 * losses[0]


def test_a_cube_is_encoded_whatever_its_bands():
    model = random_model()
    first = eow.run(model, hyperspectral(70)).embedding
    assert first.shape == (96, 8, 8)
    assert np.isfinite(first).all()
    np.testing.assert_allclose(eow.run(model, hyperspectral(110)).embedding, first, atol=0.01)


def test_bands_without_a_wavelength_are_named():
    cube = hyperspectral()
    del cube.b3.attrs["center_wavelength"]
    with pytest.raises(ModelError, match="'b3' has no attribute 'center_wavelength'"):
        eow.run(random_model(), cube)


def test_multispectral_cubes_are_refused():
    with pytest.raises(ModelError, match="give a hyperspectral cube"):
        eow.run(random_model(), eow.open("bouconne").isel(time=slice(0, 1)))


def test_images_are_embedded_once_the_wavelengths_are_given():
    model = get_model("spectralearth")
    at = np.linspace(400, 900, 64)
    bands = tuple(f"b{i}" for i in range(64))
    with pytest.raises(ModelError, match="center_wavelength"):
        model.embed_images(torch.rand(2, 64, 16, 16), bands)
    model.wavelengths = dict(zip(bands, at, strict=True))
    found = model.embed_images(torch.rand(2, 64, 16, 16), bands)
    assert found.shape == (2, 96)
    assert torch.isfinite(found).all()

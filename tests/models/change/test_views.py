import pytest
import torch
from torch import nn

from eowidgets.errors import InputError
from eowidgets.models.change import ChangeLENet, FCSiamDiff, SiamDiffConfig
from eowidgets.models.change.mci.tools import detect
from eowidgets.models.change.views import probabilities, zoom_of


@pytest.fixture
def network() -> FCSiamDiff:
    torch.manual_seed(0)
    made = FCSiamDiff(SiamDiffConfig(widths=(4, 6, 8, 8), dropout=0.0))
    # Without statistics of its batch norms it gives nearly the same for all pictures.
    with torch.no_grad():
        for _ in range(30):
            made(*torch.randn(2, 4, 3, 32, 32))
    return made.eval()


class Left(nn.Module):
    """Finds a building where the second picture is brighter than its left neighbour."""

    def forward(self, a, b):
        d = (b - b.roll(1, dims=-1)).mean(dim=1)
        return [torch.stack([torch.zeros_like(d), torch.zeros_like(d), d], dim=1)]


@pytest.mark.parametrize("shape", [(32, 32), (32, 48)])
def test_eight_views_turn_with_the_pictures(network, shape):
    a, b = torch.randn(2, 1, 3, *shape)
    with torch.no_grad():
        plain = probabilities(network, a, b, 8)
        turned = probabilities(network, a.rot90(1, (-2, -1)), b.rot90(1, (-2, -1)), 8)
        mirrored = probabilities(network, a.flip(-1), b.flip(-1), 8)
        once = [probabilities(network, x, y) for x, y in ((a, b), (a.flip(-1), b.flip(-1)))]
    torch.testing.assert_close(turned, plain.rot90(1, (-2, -1)), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(mirrored, plain.flip(-1), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(once[1], once[0].flip(-1), atol=1e-4)
    torch.testing.assert_close(plain.sum(dim=1), torch.ones(1, *shape))


def test_four_views_turn_with_mirror_images_and_half_turns(network):
    a, b = torch.randn(2, 1, 3, 32, 48)
    with torch.no_grad():
        plain = probabilities(network, a, b, 4)
        half = probabilities(network, a.rot90(2, (-2, -1)), b.rot90(2, (-2, -1)), 4)
    torch.testing.assert_close(half, plain.rot90(2, (-2, -1)), atol=1e-5, rtol=1e-4)


def test_views_are_a_parameter_of_models_and_of_detect(make_cube):
    cube = make_cube(dates=2, height=40, width=56, bands=("red", "green", "blue"), clouds=0.0, resolution=0.5)
    cube["clouds"][:] = False
    from eowidgets.engine.run import run

    one, eight = (run(ChangeLENet(Left(), views=n), cube)["kind_probability"] for n in (1, 8))
    assert not one.equals(eight)
    with pytest.raises(InputError, match="views"):
        ChangeLENet(Left(), views=3)
    with pytest.raises(InputError, match="views"):
        detect(torch.rand(3, 32, 32).numpy(), torch.rand(3, 32, 32).numpy(), network=Left(), views=2)
    with pytest.raises(ValueError, match="views"):
        probabilities(Left(), torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8), 2)


class Size(nn.Module):
    """Remembers the size of what it sees; finds a building where both pictures are bright."""

    def forward(self, a, b):
        self.size = tuple(a.shape[-2:])
        d = (a + b).mean(dim=1)
        return [torch.stack([torch.zeros_like(d), torch.zeros_like(d), d], dim=1)]


def test_coarse_pictures_are_enlarged_and_the_map_has_their_size(make_cube):
    from eowidgets.engine.run import run

    assert [zoom_of(m) for m in (0.1, 0.7, 0.8, 1.5, 2.4, 2.6)] == [1, 1, 2, 3, 4, 1]
    network, a = Size(), torch.zeros(2, 3, 16, 24)
    a[1, :, 4:8, 4:8] = 9
    made = probabilities(network, a, a, zoom=2)
    assert network.size == (32, 48) and made.shape == (2, 3, 16, 24)
    assert (made[1, 2, 5:7, 5:7] > 0.9).all() and float(made[0, 2].std()) < 1e-5
    for metres, factor in ((0.5, 1), (1.0, 2), (10.0, 1)):
        cube = make_cube(dates=2, height=32, width=32, bands=("red", "green", "blue"), clouds=0.0, resolution=metres)
        cube["clouds"][:] = False
        model = ChangeLENet(network)
        assert run(model, cube)["change"].shape == (32, 32)
        model.survey(cube)
        assert network.size[0] % (32 * factor) == 0 and model.settings()["zoom"] == [factor]

"""SSL4Eco: the network of the paper, season contrast, the dates of the seasons, and the model."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import ModelError
from eowidgets.models.encode.ssl4eco import ResNet, SeasonContrast, SSL4Eco
from eowidgets.models.encode.ssl4eco.card import SMALL_WEIGHTS
from eowidgets.models.encode.ssl4eco.config import PAPER, SMALL
from eowidgets.models.encode.ssl4eco.model import standardised
from eowidgets.models.encode.ssl4eco.phenology import nearest_dates, season_days

BANDS = SMALL_WEIGHTS.bands


def random_model(**params):
    torch.manual_seed(0)
    return SSL4Eco(ResNet(SMALL).eval(), **params)


def test_the_paper_has_resnet_50_on_nine_channels():
    with torch.device("meta"):
        network = ResNet(PAPER)
    # ResNet-50 has 25 557 032 weights, 2 049 000 of them in its classifier; six channels more in the first convolution.
    assert sum(p.numel() for p in network.parameters()) == 25_557_032 - 2_049_000 + 6 * 49 * 64
    assert network[0].weight.shape == (64, 9, 7, 7)
    assert (PAPER.width, PAPER.stride) == (2048, 32)


def test_the_edge_of_an_image_leaves_no_mark_in_the_small_network_and_does_in_that_of_the_paper():
    torch.manual_seed(0)
    even = torch.rand(1, 6, 1, 1).expand(1, 6, 64, 64)
    for config, marked in ((SMALL, False), (replace(SMALL, padding=PAPER.padding), True)):
        with torch.inference_mode():
            found = ResNet(config).eval()(even)
        spread = found.std((2, 3)).max() / found.abs().max()
        assert bool(spread > 1e-3) is marked


def published():
    """The keys of the authors' file, from torchvision's ResNet-50 as a sequence, with their shapes."""
    keys = {"0.weight": (64, 9, 7, 7), **norm("1", 64)}
    inside = 64
    for level, (width, depth) in enumerate(zip((64, 128, 256, 512), (3, 4, 6, 3), strict=True)):
        for i in range(depth):
            at = f"{level + 4}.{i}"
            for j, shape in enumerate(((width, inside, 1, 1), (width, width, 3, 3), (4 * width, width, 1, 1)), 1):
                keys |= {f"{at}.conv{j}.weight": shape, **norm(f"{at}.bn{j}", shape[0])}
            if i == 0:
                keys |= {
                    f"{at}.downsample.0.weight": (4 * width, inside, 1, 1),
                    **norm(f"{at}.downsample.1", 4 * width),
                }
            inside = 4 * width
    return {f"encoder_q.{k}": shape for k, shape in keys.items()}


def norm(name, width):
    four = {f"{name}.{k}": (width,) for k in ("weight", "bias", "running_mean", "running_var")}
    return four | {f"{name}.num_batches_tracked": ()}


@pytest.fixture(scope="module")
def state():
    others = {"encoder_k.0.weight": (1,), "heads_q.0.0.bias": (1,), "heads_k.0.0.bias": (1,), "queue": (1,)}
    found = {}
    for key, shape in (published() | others | {"queue_ptr": (3, 1)}).items():
        integer = key.endswith(("tracked", "ptr"))
        # One number that is read through views: a file of 94 MB for each test would be slow.
        found[key] = torch.zeros(shape, dtype=torch.long) if integer else torch.tensor(0.5).expand(shape)
    return found


def saved(path, state):
    torch.save({"state_dict": state}, path)
    return str(path)


def test_the_authors_file_is_read_strictly(state, tmp_path):
    network = get_model("ssl4eco.official", weights=saved(tmp_path / "w.ckpt", state)).module()
    assert float(network[7][2].conv3.weight[0, 0, 0, 0]) == 0.5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("encoder_q.5.0.bn2.bias"), "lack 5.0.bn2.bias"),
        (lambda s: s.update({"encoder_q.fc.weight": torch.zeros(2)}), "have in addition fc.weight"),
        (lambda s: s.update({"encoder_q.0.weight": torch.zeros(64, 12, 7, 7)}), "have in another shape 0.weight"),
    ],
)
def test_other_weights_are_refused_with_the_key(change, words, state, tmp_path):
    changed = dict(state)
    change(changed)
    with pytest.raises(ModelError, match=words):
        get_model("ssl4eco.official", weights=saved(tmp_path / "w.ckpt", changed)).module()


def test_the_authors_network_sees_whole_numbers_and_ndvi_without_negative_values():
    x = torch.full((1, 8, 2, 2), 0.1)
    x[:, 6, 0] = 0.3
    x[:, 6, 1] = 0.05
    seen = standardised(x, get_model("ssl4eco.official").checkpoint)
    assert seen.shape == (1, 9, 2, 2)
    assert seen[0, 0] == pytest.approx(1000.0)
    assert seen[0, 8, 0] == pytest.approx(5000.0)
    assert (seen[0, 8, 1] == 0).all()


def test_missing_bands_are_means():
    x = torch.rand(2, 5, 4, 4)
    x[:, 3:] = float("nan")
    seen = standardised(x, SMALL_WEIGHTS)
    assert (seen[:, 3:] == 0).all()
    assert seen[:, 0] == pytest.approx((x[:, 0] - SMALL_WEIGHTS.mean[0]) / SMALL_WEIGHTS.std[0])


def test_the_loss_is_low_where_query_and_keys_agree():
    torch.manual_seed(0)
    contrast = SeasonContrast(ResNet(SMALL), dim=16, queue=64, momentum=0.5)
    x, other = torch.randn(8, 6, 32, 32), torch.randn(8, 6, 32, 32)
    same = contrast(x, [x, x, x])
    assert same < contrast(x, [other, other, other])
    same.backward()
    assert contrast.encoder_q[0].weight.grad.abs().sum() > 0
    assert all(p.grad is None for p in contrast.encoder_k.parameters())


def test_keys_enter_the_queue_first_in_first_out():
    contrast = SeasonContrast(ResNet(SMALL), dim=16, queue=12)
    before = contrast.queue.clone()
    x = torch.randn(5, 6, 32, 32)
    contrast(x, [x, x, x])
    assert torch.equal(contrast.queue[:, 5:], before[:, :7])
    assert contrast.queue[:, :5].norm(dim=-1) == pytest.approx(1.0)


def test_the_key_encoder_follows_by_momentum():
    contrast = SeasonContrast(ResNet(SMALL), dim=16, queue=12, momentum=0.75)
    with torch.no_grad():
        contrast.encoder_q[0].weight.fill_(1.0)
        contrast.encoder_k[0].weight.fill_(0.0)
    x = torch.randn(4, 6, 32, 32)
    contrast(x, [x, x, x])
    assert contrast.encoder_k[0].weight == pytest.approx(0.25)


def test_the_seasons_of_a_curve():
    days = np.arange(0, 1500, 12.0)
    index = 0.5 - 0.3 * np.cos(2 * np.pi * (days - 20) / 365.2425)
    greenup, maturity, senescence, dormancy = season_days(days, index)
    # Peak at day 202.6; 15 % and 90 % of a cosine are 46.2 days from its trough and 37.4 days from its peak.
    assert [greenup, maturity, senescence, dormancy] == pytest.approx([66.2, 165.3, 240.0, 339.1], abs=1.5)


def test_years_with_gaps_have_no_seasons():
    days = np.array([60.0, 150, 240, 330, 425, 515])
    found = nearest_dates(days, np.array([55.0, 150, 245, 320]), within=20)
    assert found.tolist() == [[0, 1, 2, 3]]


def test_a_cube_without_near_infrared_is_encoded():
    cube = eow.open("romania")[["blue", "green", "red", "valid", "clouds"]].isel(time=slice(60, 64))
    found = eow.run(random_model(), cube)
    assert found.embedding.shape == (128, 7, 7)
    assert np.isfinite(found.embedding).all()


def test_the_installed_weights_separate_images():
    model = get_model("ssl4eco")
    torch.manual_seed(0)
    found = model.embed_images(torch.rand(3, 5, 64, 64) * 0.3, BANDS)
    assert found.shape == (3, 128)
    assert found.std(0).sum() > 0

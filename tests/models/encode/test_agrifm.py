"""AgriFM: windows and masks, the merging of dates, sizes, and runs."""

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.errors import ModelError
from eowidgets.models.encode.agrifm import PAPER, AgriFM, AgriFMConfig, AgriFMModel
from eowidgets.models.encode.agrifm.card import WEIGHTS
from eowidgets.models.encode.agrifm.swin import Merging, SwinBlock3D, WindowAttention, joined, windows
from eowidgets.models.encode.ten_bands import BANDS, placed

TINY = AgriFMConfig(frames=8, width=8, depths=(2, 2), heads=(1, 2), window=(2, 3, 3))


def test_windows_are_put_together_again():
    x = torch.arange(2 * 4 * 6 * 9 * 5.0).view(2, 4, 6, 9, 5)
    cut = windows(x, (2, 3, 3))
    assert cut.shape == (2 * 2 * 2 * 3, 18, 5)
    assert torch.equal(joined(cut, (4, 6, 9), (2, 3, 3)), x)


@pytest.mark.parametrize(
    ("shifted", "token", "reached"),
    [
        (False, (0, 0, 0), (0, 2, 0, 3, 0, 3)),
        (True, (1, 2, 2), (1, 3, 1, 4, 1, 4)),
        # The shift cuts the first window: its token does not meet those of the other end.
        (True, (0, 0, 0), (0, 1, 0, 1, 0, 1)),
    ],
)
def test_a_token_meets_those_of_its_window_alone(shifted, token, reached):
    torch.manual_seed(0)
    block = SwinBlock3D(8, 2, (2, 3, 3), shifted=shifted).eval()
    x = torch.randn(1, 4, 6, 6, 8)
    other = x.clone()
    other[(0, *token, 0)] += 1
    moved = (block(x) - block(other)).abs().amax(-1)[0] > 1e-6
    expected = torch.zeros_like(moved)
    d0, d1, r0, r1, c0, c1 = reached
    expected[d0:d1, r0:r1, c0:c1] = True
    assert torch.equal(moved, expected)


def test_padding_takes_no_part():
    torch.manual_seed(0)
    block = SwinBlock3D(8, 2, (2, 3, 3), shifted=False).eval()
    torch.nn.init.normal_(block.attn.qkv.bias)
    x = torch.randn(1, 2, 4, 3, 8)
    # The fourth row has a window of its own, whose other rows are padding.
    alone = block(x[:, :, 3:])
    torch.testing.assert_close(block(x)[:, :, 3:], alone, rtol=1e-4, atol=1e-5)


def test_the_bias_depends_on_the_offset_alone():
    attention = WindowAttention(4, 1, (2, 3, 3))
    with torch.no_grad():
        attention.relative_position_bias_table.copy_(torch.arange(3 * 5 * 5.0)[:, None])
    whole, part = attention._bias((2, 3, 3))[0], attention._bias((1, 2, 2))[0]
    # Tokens (0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1) of both windows.
    rows = [0, 1, 3, 4]
    assert torch.equal(whole[rows][:, rows], part)
    assert whole[0, 1] == whole[3, 4] != whole[1, 0]


def test_merging_halves_dates_rows_and_columns_and_repeats_the_last():
    merging = Merging(4)
    x = torch.randn(1, 3, 5, 4, 4)
    found = merging(x)
    assert found.shape == (1, 2, 3, 2, 8)
    longer = torch.cat([x, x[:, -1:]], 1)
    longer = torch.cat([longer, longer[:, :, -1:]], 2)
    torch.testing.assert_close(found, merging(longer))
    # The mean of two dates, not the first of them.
    swapped = longer[:, [1, 0, 3, 2]]
    torch.testing.assert_close(merging(swapped), found)


@pytest.mark.parametrize("dates", [1, 3, 8, 9])
def test_any_number_of_dates_is_taken(dates):
    network = AgriFM(TINY).eval()
    assert network(torch.randn(1, dates, 10, 8, 12)).shape == (1, 16, 2, 3)


def test_the_order_of_dates_matters():
    torch.manual_seed(0)
    network, x = AgriFM(TINY).eval(), torch.randn(1, 8, 10, 8, 8)
    assert not torch.allclose(network(x), network(x.flip(1)), atol=1e-3)


def test_the_size_of_the_paper():
    with torch.device("meta"):
        network = AgriFM(PAPER)
    count = sum(p.numel() for p in network.parameters())
    assert count == 87_646_920
    assert (PAPER.vector, PAPER.stride) == (1024, 16)
    assert network.layers[2].blocks[17].attn.relative_position_bias_table.shape == (15 * 13 * 13, 16)


def test_missing_bands_are_the_mean():
    x = torch.rand(2, 3, 2, 4, 4)
    found = placed(x, ("nir", "red"))
    assert torch.equal(found[:, :, BANDS.index("nir")], x[:, :, 0])
    assert torch.equal(found[:, :, BANDS.index("red")], x[:, :, 1])
    assert found.abs().sum() == pytest.approx(x.sum().item())
    assert placed(found, BANDS) is found


def test_the_shipped_weights_embed_a_cube():
    cube = eow.open("romania").isel(time=slice(60, 70), x=slice(0, 32), y=slice(0, 24))
    found = eow.run("agrifm", cube)
    assert found.sizes == {"feature": 128, "y": 3, "x": 4}
    assert np.isfinite(found.embedding).all()
    assert eow.run("agrifm", cube, zoom=2).sizes["x"] == 8
    assert WEIGHTS.size < 2_000_000
    model = AgriFMModel()
    assert model.embed_images(torch.rand(2, 5, 3, 16, 16), ("red", "nir", "blue")).shape == (2, 128)
    with pytest.raises(ModelError, match="needs nir"):
        model.embed_images(torch.rand(1, 2, 16, 16), ("red", "blue"))

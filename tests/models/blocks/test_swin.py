import torch

from eowidgets.models.blocks.swin import SwinV2Block


def test_swin_windows_do_not_see_each_other_unless_shifted():
    torch.manual_seed(0)
    x = torch.randn(1, 8, 8, 8)
    moved = x.clone()
    moved[..., 0, 0] += 1.0
    for shifted in (False, True):
        block = SwinV2Block(8, 2, 4, shifted=shifted).eval()
        moves = (block(moved) - block(x)).abs().amax(dim=1)[0] > 1e-6
        if not shifted:
            assert moves[:4, :4].any() and not moves[4:, :].any() and not moves[:, 4:].any()
        else:
            # The corner's window is 2 pixels wide after the shift; nothing wraps around to the far edge.
            assert moves[:2, :2].any() and not moves[2:, :].any() and not moves[:, 2:].any()


def test_swin_padding_is_not_looked_at():
    torch.manual_seed(0)
    block = SwinV2Block(8, 2, 4).eval()
    x = torch.randn(1, 8, 4, 6)
    torch.testing.assert_close(block(x)[..., :4], block(x[..., :4]))

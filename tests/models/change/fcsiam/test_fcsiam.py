import pytest
import torch

from eowidgets.models.change.fcsiam.config import SiamDiffConfig
from eowidgets.models.change.fcsiam.network import FCSiamDiff


def test_fc_siam_diff_sees_nothing_in_the_skips_of_equal_pictures():
    torch.manual_seed(0)
    net = FCSiamDiff(SiamDiffConfig(widths=(4, 6, 8, 8))).eval()
    seen = []
    net.up[0].register_forward_hook(lambda _m, inputs, _o: seen.append(inputs[0]))
    a = torch.randn(1, 3, 32, 32)
    net(a, a)
    assert (seen[0][:, 4:] == 0).all() and seen[0].shape[1] == 8


def test_published_width_of_fc_siam_diff_has_its_published_size():
    """Daudt et al. give 1.35 M parameters for 16, 32, 64, 128 with two classes."""
    net = FCSiamDiff(SiamDiffConfig(widths=(16, 32, 64, 128), classes=2))
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(1.35e6, rel=0.03)

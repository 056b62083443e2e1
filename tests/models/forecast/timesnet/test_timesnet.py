"""The convolutions of TimesNet."""

import torch
from torch.nn import functional

from eowidgets.models.forecast.timesnet.network import Inception


def test_inception_is_the_mean_of_its_convolutions():
    torch.manual_seed(0)
    block = Inception(3, 4, 4)
    x = torch.randn(2, 3, 9, 11)
    each = [functional.conv2d(x, w, padding=i) for i, w in enumerate(block.weights)]
    torch.testing.assert_close(block(x), torch.stack(each).mean(0), atol=1e-5, rtol=1e-4)

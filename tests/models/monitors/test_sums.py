from types import SimpleNamespace

import numpy as np
import torch

from eowidgets.contract.registry import get_model


def test_the_moving_sum_holds_as_many_observations_as_the_bandwidth_states():
    """A quarter of 8 observations of the history are 2; observations are counted, not dates."""
    rng = np.random.default_rng(0)
    usable = torch.from_numpy(rng.random((3, 30)) < 0.7)
    usable[:, :4] = True
    length = 12
    usable[0, :length] = torch.tensor([True] * 8 + [False] * 4)
    scaled = torch.from_numpy(rng.normal(size=(3, 30)).astype("float32")) * usable
    counted = usable[:, :length].sum(dim=1)
    seen = SimpleNamespace(counted=counted, usable=usable, length=length, clear=usable[:, length:])
    model = get_model("break-bfast", bandwidth=0.25)
    moved, _ = model.process(seen, scaled, usable[:, length:])
    for i in range(3):
        width = int(0.25 * int(counted[i]) + 1e-6)
        for j in range(length, 30):
            last = [float(scaled[i, k]) for k in range(j + 1) if usable[i, k]][-width:]
            assert abs(float(moved[i, j - length]) - sum(last)) < 1e-5, (i, j)

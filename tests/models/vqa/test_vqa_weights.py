import numpy as np
import pytest
import torch

from eowidgets.errors import ModelError, SourceError
from eowidgets.models.vqa.deltavlm.config import DeltaVLMConfig
from eowidgets.models.vqa.deltavlm.network import DeltaVLM
from eowidgets.models.vqa.rsvqa.config import RSVQAConfig
from eowidgets.models.vqa.rsvqa.network import RSVQA
from eowidgets.models.vqa.text import Vocabulary
from eowidgets.models.vqa.weights import load, save

STILL = RSVQAConfig(side=16, widths=(8, 8), squeeze=4, words=12, embed=8, hidden=16, longest=5, joint=32, head=16,
                    answers=4, dropout=0.0)  # fmt: skip
PAIR = DeltaVLMConfig(side=16, widths=(8, 16), queries=2, layers=1, heads=2, decoder_layers=1, read=9, write=9,
                      longest_read=4, longest_write=5, gate_dropout=0.0, dropout=0.0)  # fmt: skip


@pytest.mark.parametrize(("kind", "config"), [(RSVQA, STILL), (DeltaVLM, PAIR)])
def test_weights_come_back_and_other_files_are_refused(kind, config, tmp_path):
    torch.manual_seed(0)
    network = kind(config)
    read = Vocabulary(["any", "trees"])
    path = tmp_path / "net.safetensors"
    sha = save(network, path, read=read, write=Vocabulary(["yes"]), temperature=1.5)
    ready = load(path, sha)
    assert ready.read.known == read.known and ready.temperature == 1.5
    assert ready.network.config == network.config and not ready.network.training
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            np.testing.assert_allclose(ready.network.state_dict()[name], value.detach(), atol=2e-3, rtol=2e-3)
    with pytest.raises(ModelError, match="not the one expected"):
        load(path, "0" * 64)
    with pytest.raises(SourceError, match="could not be read from"):
        load(tmp_path / "none.safetensors")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError, match="could not be read"):
        load(path)

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.contract.weights import stored
from eowidgets.errors import ModelError
from eowidgets.models.encode.galileo import Encoder, Galileo
from eowidgets.models.encode.presto import Presto, PrestoModel
from eowidgets.models.encode.published import Unallocated, load_published

MODELS = {PrestoModel: Presto, Galileo: Encoder}


@pytest.fixture(scope="module")
def states():
    torch.manual_seed(1)
    return {model: network().state_dict() for model, network in MODELS.items()}


def saved(path, state):
    write = save_file if path.suffix == ".safetensors" else torch.save
    write(state, path)
    return str(path)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_weights_are_read_from_a_file(model, suffix, states, tmp_path):
    made = get_model(model.name, weights=saved(tmp_path / f"w.{suffix}", states[model]))
    loaded = made.module()
    assert made.module() is loaded
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, states[model][key])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s, k: s.pop(k), "lack"),
        (lambda s, k: s.update({"head.weight": torch.zeros(2)}), "have in addition head.weight"),
        (lambda s, k: s.update({k: s[k][:-1].clone()}), "have in another shape"),
    ],
)
def test_weights_of_another_network_are_refused(model, change, words, states, tmp_path):
    state = dict(states[model])
    key = next(k for k in state if k.endswith("norm.weight"))
    change(state, key)
    with pytest.raises(ModelError, match=f"not those of {model().checkpoint.name!r}: they {words}") as refused:
        get_model(model.name, weights=saved(tmp_path / "w.pt", state)).module()
    assert "\n" not in str(refused.value)


def test_the_decoder_of_presto_may_be_in_the_file(states, tmp_path):
    state = states[PrestoModel] | {"decoder.mask_token": torch.zeros(128)}
    assert get_model("presto", weights=saved(tmp_path / "w.pt", state)).module()


@pytest.mark.parametrize("model", MODELS)
def test_without_weights_one_sentence_says_where_they_are(model, make_cube, monkeypatch):
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")
    cube = make_cube(height=16, width=16, bands=("blue", "green", "red", "nir"))
    with pytest.raises(ModelError, match=rf"'{model.name}' has no weights: .*huggingface.co/nasaharvest/") as refused:
        eow.run(model.name, cube)
    assert "\n" not in str(refused.value)


def test_the_hub_is_asked_for_the_pinned_file(monkeypatch, states, tmp_path):
    asked = []

    def download(hub, file, *, revision):
        asked.append((hub, file, len(revision)))
        return tmp_path / "w.pt"

    monkeypatch.setattr("eowidgets.contract.checkpoint.download", download)
    saved(tmp_path / "w.pt", states[Galileo])
    with pytest.raises(eow.EowidgetsError, match="not the one expected"):
        get_model("galileo", weights="hub").module()
    assert asked == [("nasaharvest/galileo", "models/nano/encoder.pt", 40)]


def test_other_weights_are_loaded_by_a_copy_with_other_parameters(states, tmp_path):
    first = Galileo(weights=saved(tmp_path / "a.pt", states[Galileo]))
    first.module()
    other = {k: v + 1 for k, v in states[Galileo].items()}
    second = first.with_params(weights=saved(tmp_path / "b.pt", other), patch=2)
    assert torch.equal(second.module().norm.bias, other["norm.bias"])
    assert second.feed.size == 8
    given = Galileo(network := Encoder(depth=1)).with_params(patch=8)
    assert given.module() is network


def test_parameters_are_the_tensors_of_the_file(states, tmp_path, monkeypatch):
    read = []

    def kept(path):
        read.append(stored(path))
        return read[0]

    monkeypatch.setattr("eowidgets.models.encode.published.stored", kept)
    loaded = get_model("presto", weights=saved(tmp_path / "w.pt", states[PrestoModel])).module()
    assert len(read) == 1
    for key, value in loaded.named_parameters():
        assert value.data_ptr() == read[0].state[key].data_ptr()


def test_a_network_with_one_tensor_under_two_names_keeps_it_as_one(tmp_path):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
            self.second.weight = self.first.weight
            self.register_buffer("table", torch.arange(3.0), persistent=False)

    path = saved(tmp_path / "w.pt", {"first.weight": torch.eye(2)})
    loaded = load_published(Tied, get_model("presto").checkpoint, path)
    assert loaded.second.weight is loaded.first.weight
    assert torch.equal(loaded.first.weight, torch.eye(2))
    assert loaded.table.tolist() == [0, 1, 2]


def test_tables_that_a_network_computes_are_real():
    with Unallocated():
        network = nn.BatchNorm2d(3)
        table = torch.arange(4.0)
    assert network.weight.is_meta
    assert not network.running_mean.is_meta
    assert table.sum() == 6

import dataclasses
import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import eowidgets as eow
from eowidgets.contract.checkpoint import Checkpoint, checkpoint, checkpoints
from eowidgets.contract.toml_text import to_toml
from eowidgets.contract.weights import load_checkpoint, load_strictly, stored, write
from eowidgets.errors import InputError, ModelError, SourceError


def about(path, **more):
    data = path.read_bytes()
    facts = {"licence": "MIT", "file": path.name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    return Checkpoint("net.tag", **{"folder": path.parent, **facts, **more})


def linear():
    return nn.ModuleDict({"layer": nn.Linear(3, 2)})


def test_a_checkpoint_states_its_licence_and_where_it_is():
    facts = {"file": "a.safetensors", "sha256": "0" * 64, "size": 1, "licence": "MIT"}
    found = Checkpoint("net.tag", **facts)
    assert (found.system, found.tag) == ("net", "tag")
    for missing in facts:
        with pytest.raises(InputError, match=f"needs the argument '{missing}'|has no sha256 or no size"):
            Checkpoint("net.tag", **{k: v for k, v in facts.items() if k != missing})
    for wrong, message in (
        ({"licence": "  "}, "licence of Checkpoint"),
        ({"file": "../a.safetensors"}, "file of Checkpoint"),
        ({"file": "/etc/passwd"}, "file of Checkpoint"),
        ({"sha256": "abc"}, "sha256 of Checkpoint"),
        ({"size": 0}, "size of Checkpoint"),
        ({"hub": "no slash", "revision": "c" * 40}, "hub of Checkpoint"),
        ({"hub": "owner/name"}, "without a revision"),
        ({"bands": ("red", "nir"), "mean": (1.0,)}, "1 numbers in mean for 2 bands"),
        ({"std": (0.0,), "bands": ("red",)}, "std of Checkpoint"),
    ):
        with pytest.raises(InputError, match=message):
            Checkpoint("net.tag", **{**facts, **wrong})
    assert Checkpoint("net.tag", licence="MIT", file="a.pt", hub="owner/name", revision="main").sha256 is None
    for name in ("net", "net.", ".tag", ""):
        with pytest.raises(InputError, match="a name of the form 'system.tag'"):
            Checkpoint(name, **facts)


def test_a_network_is_loaded_strictly(good):
    network = load_checkpoint(linear(), about(good))
    assert torch.equal(network["layer"].bias, torch.ones(2))
    assert not network.training and not network["layer"].bias.requires_grad


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (lambda: nn.ModuleDict({"layer": nn.Linear(3, 2), "head": nn.Linear(2, 1)}), "lack head.bias, head.weight"),
        (lambda: nn.ModuleDict({"layer": nn.Linear(3, 2, bias=False)}), "have in addition layer.bias"),
        (lambda: nn.ModuleDict({"layer": nn.Linear(4, 2)}), r"layer.weight \(2, 3\) instead of \(2, 4\)"),
        (lambda: nn.ModuleDict({f"l{i}": nn.Linear(1, 1) for i in range(9)}), "and 15 more"),
    ],
)
def test_other_weights_are_refused_in_one_sentence_and_nothing_is_loaded(good, network, message):
    made = network()
    before = {k: v.clone() for k, v in made.state_dict().items()}
    with pytest.raises(ModelError, match=message) as caught:
        load_checkpoint(made, about(good))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert all(torch.equal(v, before[k]) for k, v in made.state_dict().items())


def test_a_key_map_renames_the_longest_prefix_and_drops_what_is_unused(tmp_path):
    path = tmp_path / "m.safetensors"
    state = {
        "module.encoder.weight": torch.ones(2, 3),
        "module.encoder.bias": torch.ones(2),
        "module.head.bias": torch.ones(1),
        "module.decoder.bias": torch.ones(1),
    }
    save_file(state, path)
    keys = {"module.": "", "module.encoder.": "layer."}
    load_checkpoint(linear(), about(path, keys=keys, unused=("head.", "decoder.")))
    with pytest.raises(ModelError, match="have in addition decoder.bias, head.bias"):
        load_checkpoint(linear(), about(path, keys=keys))
    with pytest.raises(ModelError, match="two weights the name 'bias'"):
        stored(about(path, keys={"module.head.": "", "module.decoder.": ""}))


def test_half_precision_is_loaded_as_float32_and_whole_numbers_stay(tmp_path):
    network = nn.BatchNorm1d(2)
    network.weight.data = torch.tensor([0.1, 3.0])
    digest = write(tmp_path / "n.safetensors", network, {"config": "x"})
    found = stored(tmp_path / "n.safetensors", digest)
    assert found.header == {"config": "x"}
    assert found.state["weight"].dtype == torch.float32 and found.state["num_batches_tracked"].dtype == torch.int64
    torch.testing.assert_close(found.state["weight"], network.weight.data, rtol=1e-3, atol=0)
    load_strictly(nn.BatchNorm1d(2), found.state)


def test_layers_with_two_names_are_stored_once(tmp_path):
    shared = nn.Linear(2, 2)
    network = nn.ModuleDict({"a": shared, "b": shared})
    write(tmp_path / "n.safetensors", network, {})
    assert set(stored(tmp_path / "n.safetensors").state) == {"a.weight", "a.bias"}
    other = nn.Linear(2, 2)
    load_strictly(nn.ModuleDict({"a": other, "b": other}), stored(tmp_path / "n.safetensors").state)
    torch.testing.assert_close(other.weight, shared.weight, rtol=1e-3, atol=1e-4)


def test_a_file_of_another_size_or_hash_is_not_opened(good):
    with pytest.raises(ModelError, match=r"has \d+ bytes, not 7"):
        stored(about(good, size=7))
    with pytest.raises(ModelError, match="not the one expected and was not opened"):
        stored(about(good, sha256="0" * 64))


def test_the_file_is_found_at_a_given_path_or_in_its_folder(good, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    here = about(good)
    gone = dataclasses.replace(here, folder=away)
    assert here.find() == good
    assert gone.find(good) == gone.find(good.parent) == good
    load_checkpoint(linear(), gone, good.parent)
    with pytest.raises(ModelError, match=r"model.safetensors are not in this installation"):
        gone.find()
    with pytest.raises(SourceError, match="could not be read"):
        stored(gone, path=away)


def test_the_file_is_fetched_from_the_hub_at_its_revision_and_kept(good, tmp_path, hub, monkeypatch):
    there = about(good, hub="owner/name", revision="main", folder=tmp_path / "nowhere")
    load_checkpoint(linear(), there)
    assert hub.asked
    hub.asked.clear()
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")
    load_checkpoint(linear(), there)
    with pytest.raises(SourceError, match="not in the cache and EOWIDGETS_OFFLINE is set"):
        load_checkpoint(linear(), dataclasses.replace(there, hub="owner/other"))
    assert hub.asked == []


def test_a_pickle_is_read_as_tensors_only(tmp_path):
    path = tmp_path / "n.pt"
    torch.save({"model": {"layer.weight": torch.ones(2, 3), "layer.bias": torch.ones(2)}}, path)
    load_checkpoint(linear(), about(path))


def test_the_list_of_a_folder_is_read(tmp_path):
    row = {"name": "net.a", "licence": "MIT", "file": "a.safetensors", "sha256": "0" * 64, "size": 3}
    (tmp_path / "weights.toml").write_text(to_toml({"checkpoint": [{**row, "scores": {"F1, test (%)": 81.5}}]}))
    found = checkpoint(tmp_path, "net.a")
    assert found.scores == {"F1, test (%)": 81.5} and found.folder == tmp_path
    with pytest.raises(InputError, match="no checkpoint named 'net.b'. Did you mean 'net.a'"):
        checkpoint(tmp_path, "net.b")
    assert checkpoints(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[checkpoint]]\nname = "a.b"', "needs the argument"),
        ('[[checkpoint]]\nname = "a.b"\nlicense = "MIT"', "no argument of Checkpoint named 'license'"),
        ("checkpoint = 3", "cannot be used"),
        ("[[checkpoint", "cannot be used"),
    ],
)
def test_a_wrong_list_is_one_sentence(tmp_path, text, message):
    (tmp_path / "weights.toml").write_text(text)
    with pytest.raises(ModelError, match=message):
        checkpoints(tmp_path)


MODELS = Path(eow.__file__).parent / "models"
#: Licences of weights that were trained on data under them.
LICENCES = {"series/tempcnn": "GPL-2.0", "encode/agrifm": "GPL-2.0"}
LICENCES |= dict.fromkeys(("encode/phileo", "encode/satvision", "encode/ssl4eco"), "GPL-3.0")
SHIPPED = sorted({path.parents[1].relative_to(MODELS).as_posix() for path in MODELS.glob("**/weights/*.safetensors")})


@pytest.mark.parametrize("system", SHIPPED)
def test_shipped_weights_are_those_that_are_listed(system):
    # A system may list what its authors publish beside what is shipped.
    found = [one for one in checkpoints(MODELS / system).values() if not one.hub]
    assert found
    for one in found:
        assert one.licence.startswith(LICENCES.get(system, "Apache-2.0")) and one.data
        one.content()  # raises if hash or size differ


def test_checkpoints_are_read_without_torch():
    code = (
        "import sys; from pathlib import Path; import eowidgets.contract.checkpoint as c; "
        "print(len(c.checkpoints(Path(c.__file__).parents[1] / 'models' / 'units')), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["5", "False"]


@pytest.mark.parametrize(
    "table",
    [
        {"a": 1, "b": 2.5, "c": True, "d": 'x"\\\n\t\x7f é', "e": [1, 2], "f": [], "g": -1e-9},
        {"odd key, (%)": "v", "": 1, "deep": {"er": {"x": 1}}, "list": [{"a": 1, "b": {"c": [True]}}, {"a": 2}]},
        {"x": float("inf"), "plain": 0},
    ],
)
def test_written_toml_is_read_back(table):
    assert tomllib.loads(to_toml(table)) == table


def test_toml_refuses_what_it_cannot_hold():
    with pytest.raises(TypeError, match="no object"):
        to_toml({"x": object()})


def test_training_refreshes_the_list_and_keeps_what_it_does_not_measure(tmp_path, good, monkeypatch):
    monkeypatch.syspath_prepend(Path(eow.__file__).parents[1])
    from training.ship import ship

    row = {"name": "net.a", "licence": "MIT", "file": "weights/a.safetensors", "sha256": "0" * 64, "size": 3}
    other = {**row, "name": "net.b", "scores": {"F1": 0.5}}
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights.toml").write_text("# A note.\n\n" + to_toml({"checkpoint": [row, other]}))
    ship(tmp_path, "net.a", good, {"F1": 0.7})
    found = checkpoints(tmp_path)
    assert found["net.a"].content() == good.read_bytes() and found["net.a"].scores == {"F1": 0.7}
    assert found["net.b"] == Checkpoint(**other)
    ship(tmp_path, "net.a", tmp_path / "weights" / "a.safetensors")
    assert checkpoints(tmp_path) == found
    assert (tmp_path / "weights.toml").read_text().startswith("# A note.\n")
    with pytest.raises(SystemExit, match="has no checkpoint net.c"):
        ship(tmp_path, "net.c", good)


def test_a_file_without_a_stated_hash_is_checked_against_that_of_the_hub(tmp_path, monkeypatch):
    content = b"weights"
    blob = tmp_path / hashlib.sha256(content).hexdigest()
    blob.write_bytes(content)
    (tmp_path / "a.pt").symlink_to(blob)
    monkeypatch.setattr("eowidgets.contract.checkpoint.download", lambda *a, **k: tmp_path / "a.pt")
    found = Checkpoint("net.tag", licence="MIT", file="a.pt", hub="owner/name", revision="main")
    assert found.content() == content
    blob.write_bytes(b"others")
    with pytest.raises(ModelError, match="it is not the one expected"):
        found.content()

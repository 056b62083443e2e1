import hashlib
import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from eowidgets.contract.weights import load_strictly, stored, weights
from eowidgets.errors import EowidgetsError, InputError, ModelError, SourceError


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (Path(self.path),))


STATE = {"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.ones(2)}


def same(found):
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[k], v) for k, v in STATE.items())


def test_safetensors_with_the_right_hash(good):
    digest = hashlib.sha256(good.read_bytes()).hexdigest()
    same(weights(good, sha256=digest.upper()))
    same(weights(str(good)))


@pytest.mark.parametrize("nest", [None, "state_dict", "model"])
def test_checkpoints_of_training_scripts(tmp_path, nest):
    path = tmp_path / "model.ckpt"
    torch.save({"epoch": 3, nest: STATE} if nest else STATE, path)
    same(weights(path))


@pytest.mark.parametrize("ending", [".pt", ".pth", ".ckpt", ".bin"])
@pytest.mark.parametrize("how", ["torch", "plain pickle", "legacy"])
def test_a_pickle_bomb_does_not_go_off(tmp_path, ending, how):
    path, mark = tmp_path / f"bomb{ending}", tmp_path / "went-off"
    load = {"state_dict": STATE, "extra": Bomb(mark)}
    if how == "plain pickle":
        path.write_bytes(pickle.dumps(load))
    else:
        torch.save(load, path, _use_new_zipfile_serialization=how == "torch")
    with pytest.raises(ModelError, match="other than tensors, which are never loaded") as caught:
        weights(path)
    assert not mark.exists()
    assert "\n" not in str(caught.value)
    pickle.loads(pickle.dumps(Bomb(mark)))  # the bomb is a real one
    assert mark.exists()


@pytest.mark.parametrize("ending", [".safetensors", ".pt"])
@pytest.mark.parametrize("keep", [0, 3, 60, -7])
def test_truncated_files(tmp_path, good, ending, keep):
    path = tmp_path / f"cut{ending}"
    if ending == ".pt":
        buffer = io.BytesIO()
        torch.save(STATE, buffer)
        whole = buffer.getvalue()
    else:
        whole = good.read_bytes()
    path.write_bytes(whole[:keep])
    with pytest.raises(ModelError, match="could not be read"):
        weights(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("ending", [".safetensors", ".pt"])
def test_pipes_and_devices_are_not_read(tmp_path, ending):
    os.mkfifo(tmp_path / f"pipe{ending}")
    (tmp_path / f"zero{ending}").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(SourceError, match="is a device, a pipe or a socket: give a plain file"):
            weights(tmp_path / f"{name}{ending}")


def test_a_wrong_hash_is_not_opened(tmp_path):
    path, mark = tmp_path / "bomb.pt", tmp_path / "went-off"
    torch.save({"a": Bomb(mark)}, path)
    with pytest.raises(ModelError, match="not the one expected and was not opened"):
        weights(path, sha256="0" * 64)
    assert not mark.exists()


def test_zip_slip(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    for ending in (".pt", ".safetensors"):
        path = inside / f"slip{ending}"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("../../slipped.txt", "x")
            archive.writestr("slip/data.pkl", pickle.dumps({}))
            archive.writestr("slip/../../../slipped.txt", "x")
        with pytest.raises(ModelError):
            weights(path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["inside", "slip.pt", "slip.safetensors"]
    with pytest.raises(InputError, match=r"ends in \.safetensors"):
        weights(Path(tmp_path / "archive.zip"))


@pytest.mark.parametrize("content", [{"a": 1}, [torch.ones(1)], {}, {"state_dict": {"a": "text"}}])
def test_files_without_a_state_dict(tmp_path, content):
    torch.save(content, tmp_path / "odd.pt")
    with pytest.raises(ModelError, match="holds no state dict"):
        weights(tmp_path / "odd.pt")


def test_missing_files_and_impossible_names(tmp_path):
    with pytest.raises(SourceError, match="could not be read from"):
        weights(tmp_path / "none.safetensors")
    with pytest.raises(SourceError):
        weights(tmp_path / "none.pt")
    for name in ("no slash", "../../no-such", "a/b/c", "-x/y", "https://example.org/x"):
        with pytest.raises(InputError, match="hub id"):
            weights(name)
    for file in ("../x.safetensors", "/x.safetensors", "a\\b.pt", "C:x.pt", ""):
        with pytest.raises(InputError, match="not the name of a file in a repository"):
            weights("owner/name", file)


def test_from_the_hub_then_from_its_cache(hub, monkeypatch):
    same(weights("owner/name"))
    assert hub.asked
    hub.asked.clear()
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")
    same(weights("owner/name"))
    assert hub.asked == []
    with pytest.raises(SourceError, match="not in the cache and EOWIDGETS_OFFLINE is set"):
        weights("owner/other")
    assert hub.asked == []


def test_what_the_hub_does_not_have(hub):
    with pytest.raises(SourceError, match="The hub has no 'other.safetensors' of 'owner/name'"):
        weights("owner/name", "other.safetensors")
    with pytest.raises(SourceError, match="The hub has no"):
        weights("owner/else")


def test_no_network(hub, monkeypatch):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", "http://127.0.0.1:9/{repo_id}/{revision}/{filename}")
    with pytest.raises(SourceError, match="not in the cache and the hub was not reached"):
        weights("owner/name")


def test_every_refusal_is_of_the_family(tmp_path):
    (tmp_path / "noise.pt").write_bytes(os.urandom(500))
    with pytest.raises(EowidgetsError):
        weights(tmp_path / "noise.pt")


def test_a_network_without_memory_keeps_its_own_precision():
    with torch.device("meta"):
        network = nn.Linear(2, 3)
    load_strictly(
        network, {"weight": torch.ones(3, 2, dtype=torch.float64), "bias": torch.zeros(3, dtype=torch.float64)}
    )
    assert network.weight.dtype == torch.float32
    assert network.weight.sum() == 6


def test_double_precision_is_kept_and_half_is_widened(tmp_path):
    state = {"a": torch.tensor([1 / 3], dtype=torch.float64), "b": torch.ones(1, dtype=torch.float16)}
    torch.save(state, tmp_path / "w.pt")
    found = stored(tmp_path / "w.pt").state
    assert torch.equal(found["a"], state["a"])
    assert found["b"].dtype == torch.float32

"""Recipes put trained weights, and what was measured with them, into the folder of each system."""

import hashlib
import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from eowidgets.contract.checkpoint import checkpoints
from eowidgets.models import change, vqa

# Recipes are in the repository and not in the package.
change_ship = pytest.importorskip("training.change_ship")
vqa_ship = pytest.importorskip("training.vqa_ship")


def setting(tmp_path, monkeypatch, recipe, family):
    """A copy of the family's folder, and runs that hold the shipped weights under the names of new ones."""
    name = family.__name__.rpartition(".")[2]
    folder, runs = tmp_path / name, tmp_path / "runs"
    shutil.copytree(Path(family.__file__).parent, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    runs.mkdir()
    hashes = {}
    for file in folder.glob("*/weights/*.safetensors"):
        hashes[file.parents[1].name] = digest = hashlib.sha256(file.read_bytes()).hexdigest()
        shutil.copyfile(file, runs / file.name)
        (runs / f"{file.stem}.json").write_text(json.dumps({"sha256": digest, "steps": 7}))
        file.write_bytes(b"old")
    monkeypatch.setattr(recipe, "RUNS", runs)
    monkeypatch.setattr(recipe, name, SimpleNamespace(__file__=str(folder / "__init__.py")))
    return folder, runs, hashes


def test_networks_of_change(tmp_path, monkeypatch):
    folder, runs, hashes = setting(tmp_path, monkeypatch, change_ship, change)
    rivals = {"CVA, best threshold of all": {"F1": 0.25}, "Otsu's threshold of each pair": {"F1": 0.125}}
    measured = rivals | {name: {"F1": 0.5, "sha256": digest, "steps": 7} for name, digest in hashes.items()}
    (runs / "change-benchmark.json").write_text(json.dumps(measured))
    real = {"0.5 m": {"F1": 0.625, "F1 swapped": 0.625}, "marked, 0.5 m (%)": {"F1": 0.1}}
    by_label = {label: real | {"sha256": hashes.get(name)} for label, name in change_ship.LABELS.items()}
    (runs / "change-real-benchmark.json").write_text(json.dumps(by_label))
    monkeypatch.setattr(sys, "argv", ["change_ship", "lenet", "mci"])
    change_ship.main()
    for name in ("lenet", "mci"):
        found = checkpoints(folder / name)[f"change-{name}.mixed"]
        assert hashlib.sha256(found.content()).hexdigest() == hashes[name]
        assert found.scores["F1, real pictures of held-out places at 0.5 m"] == 0.625
        assert found.scores["F1, held-out simulated pairs"] == 0.5 and found.scores["training steps"] == 7
        assert "training.change_ship" in (folder / name / "weights.toml").read_text(encoding="utf-8")
    assert (folder / "fcsiam" / "weights" / "change-fcsiam.safetensors").read_bytes() == b"old"


def test_networks_of_questions(tmp_path, monkeypatch):
    folder, runs, hashes = setting(tmp_path, monkeypatch, vqa_ship, vqa)
    answers = {"test": dict.fromkeys((*vqa_ship.KINDS, "overall"), 0.5), "test-templates": {"overall": 0.25}}
    told = {"test": dict.fromkeys(vqa_ship.TYPES, 0.5), "ECE": 0.03}
    measured = {"rsvqa": answers | {"ECE": 0.02}, "question-only": answers, "deltavlm": told, "concat": told}
    for name, digest in hashes.items():
        measured[name] = measured[name] | {"sha256": digest}
    (runs / "vqa-benchmark.json").write_text(json.dumps(measured))
    vqa_ship.main()
    for name, error in (("rsvqa", 0.02), ("deltavlm", 0.03)):
        found = checkpoints(folder / name)[f"vqa-{name}.simulated"]
        assert hashlib.sha256(found.content()).hexdigest() == hashes[name]
        assert found.scores["calibration error"] == error and found.scores["training steps"] == 7

import subprocess
import sys

import pytest

import eowidgets as eow
from eowidgets.cli import main


def test_samples_models_doctor(capsys):
    assert main(["samples"]) == 0
    assert "romania" in capsys.readouterr().out
    assert main(["models", "reconstruct"]) == 0
    text = capsys.readouterr().out
    assert "fill-linear" in text
    assert "composite-median" not in text
    assert main(["doctor"]) in (0, 1)
    assert "Python" in capsys.readouterr().out


def test_run_writes_a_result(tmp_path, capsys):
    out = tmp_path / "filled.tif"
    words = ["run", "fill-linear", "romania", "-o", str(out), "--dates", "2019-06/2019-07", "--bands", "red,nir"]
    assert main([*words, "--area", "22.146,45.201,22.150,45.204", "-p", "max_gap=60"]) == 0
    captured = capsys.readouterr()
    assert str(out) in captured.out
    assert "100%" in captured.err
    cube = eow.open(out)
    assert cube.eow.bands == ("red", "nir")
    assert cube.sizes["x"] < 60


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "fill-liner", "romania", "-o", "x.tif"], "Did you mean 'fill-linear'"),
        (["run", "fill-linear", "romana", "-o", "x.tif"], "Did you mean 'romania'"),
        (["run", "fill-linear", "romania", "-o", "x.jpg"], "end the name in"),
        (["run", "fill-linear", "romania", "-o", "x.tif", "-p", "max_gap"], "NAME=VALUE"),
        (["run", "fill-linear", "romania", "-o", "x.tif", "-p", "max_gap=-1"], "max_gap"),
        (["run", "fill-linear", "romania", "-o", "x.tif", "--dates", "2019"], "first/last"),
        (["run", "fill-linear", "romania", "-o", "x.tif", "--area", "0,0,1,1"], "outside the cube"),
        (["models", "magic"], "no task named"),
    ],
)
def test_refusals_are_one_sentence_and_leave_nothing(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("eow: ")
    assert sentence in error
    assert not [p for p in tmp_path.iterdir() if p.name == words[-1]]


def test_usage_errors_exit_with_two():
    done = subprocess.run([sys.executable, "-m", "eowidgets.cli", "run"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage: eow" in done.stderr

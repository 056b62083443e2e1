from dataclasses import replace

import pytest

from eowidgets.contract.checkpoint import checkpoint
from eowidgets.models.encode import ranking
from eowidgets.models.encode.galileo import Galileo
from eowidgets.models.encode.presto import PrestoModel
from eowidgets.models.encode.ranking import BEATEN, LEAST, best_encoder

BANDS = ("blue", "green", "red", "nir")


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Presto and Galileo with weights in the package, and with scores."""

    def scored(model, score, tag="official"):
        official = checkpoint(model.folder, f"{model.name}.{tag}")
        (tmp_path / official.file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / official.file).touch()
        scores = {} if score is None else {BEATEN: score}
        monkeypatch.setattr(model, "checkpoint", replace(official, folder=tmp_path, scores=scores))

    listed = {k: v for k, v in ranking.listings().items() if k in ("presto", "galileo")}
    monkeypatch.setattr(ranking, "listings", lambda: listed)
    return scored


def test_the_encoder_that_beat_most_methods_is_chosen(installed):
    installed(PrestoModel, 70)
    installed(Galileo, 80, "nano")
    assert best_encoder(BANDS, 12) == "galileo"
    installed(PrestoModel, 90)
    assert best_encoder(BANDS, 12) == "presto"


def test_encoders_that_do_not_take_the_cube_are_left_out(installed):
    installed(PrestoModel, 70)
    installed(Galileo, None, "nano")
    assert best_encoder(BANDS, 12) == "presto"
    assert best_encoder(BANDS, 25) is None
    assert best_encoder(("red", "nir"), 12) is None


def test_encoders_that_plain_statistics_beat_are_left_out(installed):
    installed(PrestoModel, LEAST - 1)
    installed(Galileo, None, "nano")
    assert best_encoder(BANDS, 12) is None
    installed(PrestoModel, LEAST)
    assert best_encoder(BANDS, 12) == "presto"

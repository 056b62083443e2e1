from dataclasses import replace

import pytest

from eowidgets.contract.checkpoint import checkpoint
from eowidgets.models.encode import ranking
from eowidgets.models.encode.galileo import GalileoNano
from eowidgets.models.encode.presto import PrestoModel
from eowidgets.models.encode.ranking import BEATEN, best_encoder

BANDS = ("blue", "green", "red", "nir")


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Presto and Galileo with weights in the package, and with scores."""

    def scored(model, score):
        official = checkpoint(model.folder, f"{model.name}.official")
        (tmp_path / official.file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / official.file).touch()
        scores = {} if score is None else {BEATEN: score}
        monkeypatch.setattr(model, "checkpoint", replace(official, folder=tmp_path, scores=scores))

    listed = {k: v for k, v in ranking.listings().items() if k in ("presto", "galileo-nano")}
    monkeypatch.setattr(ranking, "listings", lambda: listed)
    return scored


def test_the_encoder_that_beat_most_methods_is_chosen(installed):
    installed(PrestoModel, 40)
    installed(GalileoNano, 60)
    assert best_encoder(BANDS, 12) == "galileo-nano"
    installed(PrestoModel, 80)
    assert best_encoder(BANDS, 12) == "presto"


def test_encoders_that_do_not_take_the_cube_are_left_out(installed):
    installed(PrestoModel, 40)
    installed(GalileoNano, None)
    assert best_encoder(BANDS, 12) == "presto"
    assert best_encoder(BANDS, 25) is None
    assert best_encoder(("red", "nir"), 12) is None

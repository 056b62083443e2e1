"""The check of strict loading finds a loader that is not strict."""

import pytest
from models.encode.strict import refuses_other_states

from eowidgets.models.encode.galileo import Encoder
from eowidgets.models.encode.published import load_published


def test_a_strict_loader_passes(tmp_path):
    refuses_other_states("galileo", Encoder().state_dict(), tmp_path)
    refuses_other_states("galileo", {k: tuple(v.shape) for k, v in Encoder().state_dict().items()}, tmp_path)


def test_a_lenient_loader_is_found(tmp_path, monkeypatch):
    def lenient(build, checkpoint, source):
        return build().eval()

    assert load_published is not lenient
    monkeypatch.setattr("eowidgets.models.encode.base.load_published", lenient)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        refuses_other_states("galileo", Encoder().state_dict(), tmp_path)

"""Models that state what the first release wanted."""

from __future__ import annotations

import numpy as np
import pytest
from support.toys import CARD

import eowidgets as eow
from eowidgets.contract.registry import get_model


class Old(eow.Model):
    """The mean of red."""

    name = "toy-old"
    task = eow.Task.REGRESS
    card = CARD

    def outputs(self, bands):
        return (eow.Output("mean"),)

    def predict(self, batch):
        assert batch.bands == ("red",)
        return {"mean": batch.x.mean(dim=(1, 2))}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("afterwards", [False, True])
def test_inputs_and_window_are_joined_in_the_class_body_and_afterwards(make_cube, afterwards):
    stated = {"inputs": eow.Inputs(bands=("red",)), "window": eow.WindowSpec(size=16, halo=2)}
    model = type("Older", (Old,), {} if afterwards else dict(stated))
    for name, value in stated.items() if afterwards else ():
        setattr(model, name, value)
    cube = make_cube(clouds=0, height=40, width=40)
    cube["valid"][:] = True
    found = eow.run(model, cube)
    np.testing.assert_allclose(found["mean"].values, cube.red.mean("time").values, atol=1e-6)
    assert model.feed == eow.Windows(bands=("red",), size=16, halo=2)


def test_the_feed_is_still_read_under_its_old_names():
    model = get_model("fill-linear")
    for owner in (model, type(model)):
        with pytest.warns(DeprecationWarning, match="use feed"):
            assert owner.window is owner.feed
        with pytest.warns(DeprecationWarning):
            assert owner.inputs.min_dates == owner.feed.min_dates


def test_a_method_with_an_old_name_is_to_be_renamed(make_cube):
    class Windowed(Old):
        def window(self, values):
            return values

    with pytest.raises(
        eow.EowidgetsError, match="has an attribute window, a name kept from the first release: rename it"
    ):
        eow.run(Windowed, make_cube())

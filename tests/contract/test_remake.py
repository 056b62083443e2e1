"""A model with other parameters keeps its networks, its other parameters and the settings of the user."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from support.toys import Noise, Smooth
from torch import nn

import eowidgets as eow
from eowidgets.contract.params import param
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError
from eowidgets.models.change.lenet.model import ChangeLENet


@dataclass(frozen=True)
class Widths:
    width: int = param(1, help="channels", low=1, high=8)
    gain: float = param(1.0, help="factor", low=0, high=9)


class Net(Smooth):
    name = "toy-net"
    Params = Widths

    def __init__(self, **params):
        super().__init__(**params)
        self.net = nn.Conv2d(1, self.params.width, 1)
        self.twice = 2 * self.params.gain
        self.note = "made"


def test_a_network_given_to_the_constructor_is_kept():
    net = nn.Identity()
    model = get_model(ChangeLENet(net), threshold=0.3)
    assert model.module() is net
    assert model.params.threshold == 0.3


def test_a_network_trained_since_is_kept_and_what_parameters_decide_follows_them():
    one = Net(gain=2.0)
    nn.init.constant_(one.net.weight, 7.0)
    one.note = "trained"
    two = get_model(one, gain=3.0)
    assert two is not one
    assert two.net is one.net
    assert (two.params.gain, two.twice, two.note) == (3.0, 6.0, "trained")
    assert (one.params.gain, one.twice) == (2.0, 4.0)
    wider = get_model(one, width=4)
    assert wider.net.out_channels == 4
    assert wider.params.gain == 2.0


def test_other_parameters_are_kept_over_several_steps():
    model = get_model(get_model(Net(width=2), gain=4.0), width=3)
    assert (model.params.width, model.params.gain) == (3, 4.0)


def test_a_constructor_without_parameters_is_not_called():
    class Fixed(Noise):
        def __init__(self):
            super().__init__(scale=2.0)
            self.tag = object()

    one = Fixed()
    two = get_model(one, scale=3.0)
    assert two.tag is one.tag
    assert (one.params.scale, two.params.scale) == (2.0, 3.0)


def test_names_and_values_are_checked_as_ever():
    with pytest.raises(InputError, match="no parameter named 'wdth'"):
        get_model(Net(), wdth=3)
    with pytest.raises(InputError, match="give a whole number from 1 to 8"):
        get_model(Net(), width=99)


def test_a_run_with_a_parameter_uses_the_users_network(make_cube):
    model = Net()
    nn.init.zeros_(model.net.weight)
    nn.init.constant_(model.net.bias, 0.25)
    out = eow.run(model, make_cube(clouds=0), gain=2.0)
    assert torch.allclose(torch.from_numpy(out["red"].values), torch.tensor(0.25))


def test_forecasters_keep_their_other_parameters():
    one = get_model("forecast-harmonic", terms=1)
    assert get_model(one) is one
    two = get_model(one, trend=True)
    assert (two.params.terms, two.params.trend) == (1, True)
    assert (one.params.terms, one.params.trend) == (1, False)

"""Copies of an object with other parameters, which keep its other arguments and its networks."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any, ClassVar, Self

import torch
from torch import nn

from eowidgets.contract.params import make_params


class Remade:
    """Base class of objects with parameters that also hold networks or settings of the user.

    The arguments of the constructor are stored, so that :meth:`with_params` can create the object from them again.
    """

    params: Any
    Params: ClassVar[type]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Store the arguments of the constructor."""
        made = super().__new__(cls)
        vars(made)["_made_from"] = (args, kwargs)
        return made

    def with_params(self, **params: Any) -> Self:
        """Return a copy that differs in some parameters.

        The constructor is called with the original arguments, so that everything that depends on the parameters is
        updated. Networks that were replaced or trained since, and public settings that were changed since, are kept.
        The copy shares the networks.

        Parameters
        ----------
        **params : object
            Names and values of the parameters that differ.

        Returns
        -------
        Model
            A copy; the weights are shared.

        Raises
        ------
        InputError
            For a parameter that does not exist or has an impossible value.
        InputError
            If a parameter does not exist, or has another type or bounds.

        Examples
        --------
        >>> from eowidgets.contract.registry import get_model
        >>> get_model("fill-linear").with_params(max_gap=30.0).params.max_gap
        30.0
        """
        own = {f.name: getattr(self.params, f.name) for f in dataclasses.fields(self.params)}
        make_params(self.Params, own | params)
        args, kwargs = vars(self).get("_made_from", ((), {}))
        try:
            new, old = (type(self)(*args, **{**kwargs, **own, **more}) for more in (params, {}))
        except TypeError:  # a constructor that passes no parameters on
            new = copy.copy(self)
            new.params = make_params(self.Params, own | params)
            return new
        vars(new)["_made_from"] = (args, {**kwargs, **own, **params})
        for name, value in vars(self).items():
            if name in ("params", "_made_from"):
                continue
            made, before = vars(new).get(name), vars(old).get(name)
            if _fits(value, made) if isinstance(value, nn.Module) else _was_set(name, value, before):
                setattr(new, name, value)
        return new


def _fits(network: nn.Module, made: Any) -> bool:
    """Return whether a network can be used in place of one created for other parameters."""
    if made is None:
        return True
    if not isinstance(made, nn.Module):
        return False
    one, two = network.state_dict(), made.state_dict()
    return one.keys() == two.keys() and all(_shape(v) == _shape(two[k]) for k, v in one.items())


def _shape(value: Any) -> Any:
    return tuple(value.shape) if isinstance(value, torch.Tensor) else None


def _was_set(name: str, value: Any, before: Any) -> bool:
    """Return whether a plain public attribute differs from the constructor's value; private ones may be caches."""
    plain = isinstance(value, bool | int | float | str | tuple | type(None) | torch.Tensor)
    if name.startswith("_") or not plain:
        return False
    if isinstance(value, torch.Tensor):
        return not (isinstance(before, torch.Tensor) and _shape(value) == _shape(before) and torch.equal(value, before))
    return _plain(value) and type(value) is type(before) and _plain(before) and value != before


def _plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_plain(v) for v in value)
    return isinstance(value, bool | int | float | str | type(None))

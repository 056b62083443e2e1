"""Hashes of a model: its weights, its code, and the objects that the code refers to.

Two runs are equal only if the model is, and its name is not enough: a class may be edited in its notebook
cell, and a function may use a number from outside.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
import torch
from torch import nn

from eowidgets.contract.model import Model
from eowidgets.system import parsing

#: Modules whose code is identified by the versions of their packages.
LIBRARIES = {*sys.stdlib_module_names, "torch", "numpy", "xarray", "scipy", "pandas"} - {"__main__"}
#: Depth to which nested values are followed.
DEPTH = 8


def state_hash(model: Model) -> str | None:
    """Return SHA-256 of the parameters and buffers of the model's module; None without a module."""
    module = model.module()
    if module is None:
        return None
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        if isinstance(tensor, torch.Tensor):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode() + _bytes(tensor))
    return digest.hexdigest()


def code_hash(model: Model) -> str:
    """Return SHA-256 of the source text of the model's class, its network classes, and what they refer to.

    Where a source text cannot be found, the compiled code is used. Numbers, texts and functions from outside
    that the code uses count as part of it; lists and other containers that a run may change do not.
    """
    return _Code(deep=False).of(model)


def run_hash(model: Model) -> str:
    """Return SHA-256 of :func:`code_hash`, the compiled code, and the public attributes of the model.

    It decides whether a run continues another one, so it covers more than is recorded with a result.
    """
    return _Code(deep=True).of(model)


class _Code:
    """Follows a model through its classes, functions and values, each once."""

    def __init__(self, *, deep: bool) -> None:
        self._deep = deep
        self._digest = hashlib.sha256()
        self._seen: set[int] = set()
        self._kept: list[Any] = []  # visited objects are kept alive, so that no id is reused

    def of(self, model: Model) -> str:
        self._model(model)
        return self._digest.hexdigest()

    def _add(self, *words: Any) -> None:
        self._digest.update(("\x1f".join(map(str, words)) + "\x1e").encode("utf-8", "backslashreplace"))

    def _first(self, value: Any) -> bool:
        if id(value) in self._seen:
            return False
        self._seen.add(id(value))
        self._kept.append(value)
        return True

    def _model(self, model: Model) -> None:
        self._class(type(model))
        module = model.module()
        for cls in {type(m): None for m in module.modules()} if module is not None else ():
            self._class(cls)
        if self._deep and not _is_package(type(model)):
            for name, value in sorted(vars(model).items()):
                if not name.startswith("_") and name not in ("params", "device"):
                    self._add(name)
                    self._value(value)

    def _class(self, cls: type) -> None:
        for base in reversed(cls.__mro__):
            if base in (object, Model, nn.Module) or _is_library(base.__module__) or not self._first(base):
                continue
            self._add("class", base.__qualname__)
            if _is_package(base):
                self._add(_source(base) or "")
                continue
            for name, value in sorted(vars(base).items()):
                if name.startswith("__") and not callable(value):
                    continue
                self._add(name)
                self._value(value)

    def _function(self, function: FunctionType) -> None:
        if _is_library(function.__module__ or "") or not self._first(function):
            return
        text = _source(function)
        self._add("function", function.__qualname__, text or "")
        if self._deep or text is None:
            self._code(function.__code__)
        for value in (function.__defaults__, function.__kwdefaults__):
            self._value(value)
        for cell in function.__closure__ or ():
            try:
                self._value(cell.cell_contents)
            except ValueError:  # not filled yet
                self._add("empty")
        if not _is_package(function):
            for name in _names(function.__code__):
                if name in function.__globals__:
                    self._add(name)
                    self._value(function.__globals__[name])

    def _code(self, code: CodeType) -> None:
        self._add(code.co_code.hex(), *code.co_names)
        for constant in code.co_consts:
            self._code(constant) if isinstance(constant, CodeType) else self._add(repr(constant))

    def _value(self, value: Any, depth: int = 0) -> None:
        kind = type(value)
        self._add(kind.__qualname__)
        if depth > DEPTH:
            return
        if isinstance(value, bool | int | float | complex | str | bytes | type(None) | Path | np.generic | Enum):
            self._add(repr(value))
        elif isinstance(value, torch.dtype | torch.device | np.dtype):
            self._add(str(value))
        elif isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, staticmethod | classmethod | MethodType):
            self._value(value.__func__, depth + 1)
        elif isinstance(value, property):
            self._items((value.fget, value.fset), depth)
        elif isinstance(value, partial):
            self._items((value.func, value.args, tuple(sorted(value.keywords.items()))), depth)
        elif isinstance(value, tuple | frozenset):
            self._items(value, depth)
        elif dataclasses.is_dataclass(value):
            self._class(kind)
            for field in dataclasses.fields(value):
                self._value(getattr(value, field.name, None), depth + 1)
        elif self._deep:
            self._changeable(value, depth)

    def _changeable(self, value: Any, depth: int) -> None:
        """Add values that a run may change: they distinguish runs, and are not recorded with results."""
        if not self._first(value):
            return
        if isinstance(value, list | set | dict):
            self._items(value, depth)
        elif isinstance(value, np.ndarray):
            self._add(value.dtype, value.shape)
            self._digest.update(np.ascontiguousarray(value).tobytes() if value.dtype.kind != "O" else b"")
        elif isinstance(value, torch.Tensor):
            self._add(value.dtype, tuple(value.shape))
            self._digest.update(_bytes(value))
        elif isinstance(value, Model):
            self._model(value)
        elif isinstance(value, nn.Module):
            for part in value.modules():
                self._class(type(part))
            for name, tensor in sorted(value.state_dict().items()):
                self._add(name)
                self._value(tensor, depth + 1)
        elif not _is_library(type(value).__module__) and hasattr(value, "__dict__"):
            self._class(type(value))
            self._items({k: v for k, v in vars(value).items() if not k.startswith("_")}, depth)

    def _items(self, values: Any, depth: int) -> None:
        if isinstance(values, Mapping):
            values = sorted(values.items(), key=lambda item: repr(item[0]))
        elif isinstance(values, set | frozenset):
            values = sorted(values, key=repr)
        self._add(len(values))
        for value in values:
            self._value(value, depth + 1)


def _bytes(tensor: torch.Tensor) -> bytes:
    if tensor.device.type == "meta" or tensor.layout != torch.strided:
        return b""
    return bytes(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())


def _names(code: CodeType) -> Iterator[str]:
    """Return the names of globals and attributes that a function and its inner functions use, in order."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_library(module: str) -> bool:
    return module.partition(".")[0] in LIBRARIES


def _is_package(thing: Any) -> bool:
    return bool((thing.__module__ or "").partition(".")[0] == "eowidgets")


@cache
def _source(thing: Any) -> str | None:
    """Return the source text of a class or function, also from a notebook cell; None where there is none."""
    try:
        return parsing(lambda: inspect.getsource(thing))
    except (OSError, TypeError, SyntaxError, IndexError):
        return None

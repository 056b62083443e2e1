"""Errors and wrong results of a model, as one sentence that names the model and the place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from eowidgets.contract.feeds.base import MisshapenError
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Gathered, Mosaic, Output, Row
from eowidgets.engine import device as dev
from eowidgets.errors import EowidgetsError, ModelError, short, shown, words


@contextmanager
def blame(model: Model, where: str) -> Iterator[None]:
    """Convert exceptions of a model into one sentence; out-of-memory errors and interrupts pass unchanged.

    Raises
    ------
    ModelError
    """
    try:
        yield
    except MisshapenError as error:
        raise ModelError(f"The model {shown(model.name)} gave {error}.") from None
    except (EowidgetsError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        if dev.is_out_of_memory(error):
            raise
        # contextlib would treat a RuntimeError caused by StopIteration as one that Python raised itself.
        cause = None if isinstance(error, StopIteration) else error
        raise ModelError(f"The model {shown(model.name)} failed {where}: {words(error)}") from cause


def declared(model: Model, bands: tuple[str, ...]) -> tuple[Output, ...]:
    """Return the outputs that a model declares for these bands.

    Raises
    ------
    ModelError
        For one output without a tuple around it.
    """
    found: Any = model.outputs(bands)
    if isinstance(found, Output):
        raise ModelError(
            f"The outputs of the model {shown(model.name)} are one {found.kind}, not a tuple: return (eow.{found.kind}(...),) "
            "with a comma at its end."
        )
    return tuple(found)


def _of(model: Model, output: Mosaic | Gathered, found: Any) -> Any:
    """Return what a model returned for one output.

    Raises
    ------
    ModelError
    """
    name, what = shown(model.name), shown(output.name)
    if not isinstance(found, dict):
        raise ModelError(f"The model {name} gave a {type(found).__name__}: predict must return a dict of its outputs.")
    if output.name not in found:
        gave = short(", ".join(map(str, found)) or "nothing")
        raise ModelError(
            f"The model {name} declares {what} and returned {gave}: return a dict with the names of its outputs."
        )
    return found[output.name]


def rows_as_promised(model: Model, output: Gathered, found: Any, windows: int) -> list[Any]:
    """Return one item for each window of a batch.

    Raises
    ------
    ModelError
    """
    items = _of(model, output, found)
    if not isinstance(items, list | tuple | torch.Tensor) or len(items) != windows:
        given = f"{len(items)} items" if hasattr(items, "__len__") else f"a {type(items).__name__}"
        raise ModelError(
            f"The model {shown(model.name)} gave {shown(output.name)} as {given}: return one item per window."
        )
    # Rows are numpy arrays, and numpy has no bfloat16.
    return list(items.float() if isinstance(items, torch.Tensor) and items.is_floating_point() else items)


def read_rows(model: Model, output: Gathered, item: Any, size: tuple[int, int], dates: int) -> list[Row]:
    """Return the records of one window.

    Raises
    ------
    ModelError
    """
    with blame(model, f"when its {shown(output.name)} was read"):
        try:
            return output.records(item, size, dates)
        except ModelError as error:
            raise ModelError(f"The model {shown(model.name)} gave {error}.") from None


def as_promised(model: Model, output: Mosaic, found: Any, shape: tuple[int, ...]) -> torch.Tensor:
    """Return one output of a model as float32, after checking its form; values are not read.

    Raises
    ------
    ModelError
        For a missing output, an object that is not a tensor, or another shape or type.
    """
    name, what = shown(model.name), shown(output.name)
    tensor = _of(model, output, found)
    if not isinstance(tensor, torch.Tensor):
        raise ModelError(f"The model {name} gave {what} as {type(tensor).__name__}: give a torch.Tensor.")
    if tuple(tensor.shape) != shape:
        raise ModelError(
            f"The model {name} gave {what} with shape {model.feed.form(tensor.shape)}; "
            f"{output.kind} over {output.dims} must be {model.feed.form(shape)}."
        )
    if tensor.is_complex() or tensor.device.type == "meta" or tensor.layout != torch.strided:
        kind = "complex numbers" if tensor.is_complex() else "a tensor without plain values"
        raise ModelError(f"The model {name} gave {what} as {kind}: give real numbers.")
    return tensor.detach().to(torch.float32)


def check_values(model: Model, output: Mosaic, tensor: torch.Tensor, measured: torch.Tensor) -> None:
    """Refuse values that no result may have.

    Parameters
    ----------
    model : Model
    output : Mosaic
    tensor : Tensor, shape (b, ..., h, w)
    measured : Tensor, shape (b, t, h, w), bool
        On any device; read only where something is wrong.

    Raises
    ------
    ModelError
        For infinite values, or probabilities outside 0..1, where something was observed.
    """
    wrong = output.problem(tensor)
    if wrong is None:
        return
    # NaN (no result) or a wrong value: only observed pixels are checked.
    seen = cells(measured.any(dim=1), output.stride).to(tensor.device)
    wrong = wrong & seen.reshape(len(seen), *[1] * (tensor.dim() - 3), *seen.shape[-2:])
    if bool(wrong.any()):
        complaint = output.complaint(float(tensor[wrong][0]))
        raise ModelError(f"The model {shown(model.name)} gave {shown(output.name)} {complaint}.")


def cells(mask: torch.Tensor, stride: int) -> torch.Tensor:
    """Return where a cell of ``stride`` pixels holds a True: (..., h, w) -> (..., h / stride, w / stride)."""
    if stride == 1:
        return mask
    h, w = (n // stride for n in mask.shape[-2:])
    return mask.reshape(*mask.shape[:-2], h, stride, w, stride).any(dim=-1).any(dim=-2)

"""``eow.wrap``: an adapter that turns a network into a model from a declaration of its inputs and outputs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from eowidgets.arguments import Count, FilePath, Name, Pixels, Positive, Sha256, checked
from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Classes, Mosaic, Value
from eowidgets.contract.prepare import Preparation
from eowidgets.contract.task import Task
from eowidgets.errors import InputError, ModelError, shown
from eowidgets.models.wrap.programs import open_program

Layout = Literal["bchw", "btchw", "bcthw"]


class Wrapped(Model):
    """A network with its preparation; :func:`wrap` creates one subclass for each network."""

    resamples: ClassVar[bool] = True  # its preparation does
    network: ClassVar[nn.Module]
    prepare: ClassVar[Preparation]
    layout: ClassVar[Layout]
    given: ClassVar[tuple[Mosaic, ...]]
    logits: ClassVar[bool]
    #: The keyword arguments of :func:`wrap`, with which a saved model is wrapped again.
    made_with: ClassVar[Mapping[str, Any]]

    def module(self) -> nn.Module:
        """Return the network to the engine, which moves, compiles and interrupts it."""
        return self.network

    def settings(self) -> dict[str, Any]:
        """Return the arguments of :func:`wrap` that determine the result."""
        data = getattr(self.network, "data", None)
        return {
            "network": f"{type(self.network).__module__}.{type(self.network).__qualname__}",
            "file_sha256": hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else None,
            "outputs": [{"kind": o.kind, **asdict(o)} for o in self.given],
            "feed": asdict(self.feed),
            "layout": self.layout,
            "logits": self.logits,
            **asdict(self.prepare),
        }

    def outputs(self, bands: tuple[str, ...]) -> tuple[Mosaic, ...]:
        """Return the declared outputs."""
        return self.given

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Prepare the input, run the network, and reshape its outputs as declared."""
        x = self.prepare(batch)  # b t c h w
        dates = x.shape[1]
        each = self.layout == "bchw"
        shaped = {"bchw": x.flatten(0, 1), "btchw": x, "bcthw": x.transpose(1, 2)}[self.layout]
        found = self.network(shaped)
        answers = self._by_name(found)
        return {
            o.name: self._shaped(o, answers[o.name], batch, dates if each and o.over_time else None) for o in self.given
        }

    def _by_name(self, found: Any) -> Mapping[str, Tensor]:
        if isinstance(found, Tensor):
            found = (found,)
        if isinstance(found, Mapping):
            missing = [o.name for o in self.given if o.name not in found]
            if missing:
                raise ModelError(
                    f"The network returns {sorted(map(str, found))}, but not {shown(missing[0])}: give the "
                    f"outputs the names of the network."
                )
            return found
        if len(found) < len(self.given):
            raise ModelError(
                f"The network returns {len(found)} tensors, but {len(self.given)} outputs were declared: declare one per tensor."
            )
        return {o.name: y for o, y in zip(self.given, found, strict=False)}

    def _shaped(self, output: Mosaic, y: Tensor, batch: Batch, folded: int | None) -> Tensor:
        y = self.prepare.restore(y.float(), batch)
        if folded is not None:
            y = y.reshape(-1, folded, *y.shape[1:])
        lead = 2 if output.over_time else 1
        if not isinstance(output, Classes):
            return y.squeeze(lead) if isinstance(output, Value) and y.dim() == lead + 3 else y
        if y.shape[lead] == 1 and len(output.classes) == 2:
            one = y.sigmoid() if self.logits else y
            return torch.cat([1 - one, one], dim=lead)
        return y.softmax(dim=lead) if self.logits else y


@checked
def wrap(
    network: nn.Module | FilePath,
    *,
    bands: str | Sequence[str],
    outputs: Mosaic | Sequence[Mosaic],
    name: Name | None = None,
    task: Task | str = Task.SEGMENT,
    window: Windows | Pixels | None = None,
    layout: Layout = "bchw",
    scale: Positive = 1.0,
    mean: Sequence[float] | None = None,
    std: Sequence[Positive] | None = None,
    resolution: Positive | None = None,
    min_dates: Count = 1,
    max_dates: Count | None = None,
    see: Literal["clear", "measured"] = "measured",
    logits: bool = True,
    card: Card | None = None,
    trust: bool = False,
    sha256: Sha256 | None = None,
) -> Model:
    """Turn a network into a model that ``eow.run`` and the panels take.

    Parameters
    ----------
    network : torch.nn.Module, str or Path
        A module, or a file: ``.onnx``; ``.pt2`` (exported); ``.pt``, ``.ts``, ``.jit``, ``.torchscript`` (TorchScript).
        Files of the last two kinds can run code: they need ``trust=True``.
    bands : sequence of str
        Common names, in the order of the network's channels.
    outputs : Value, Classes or Bands, or a sequence of them
        What the network returns: one tensor, a tuple in this order, or a dict with these names.
    name : str, optional
        Lower-case words joined by hyphens; by default made from the class or the file's name.
    task : Task or str
        What the model is for.
    window : Windows or int, optional
        Size, halo, multiple and dates of its windows; a number is the side of a window, of which an eighth at each side
        is halo.
    layout : {"bchw", "btchw", "bcthw"}
        Axes that the network takes; with ``"bchw"`` it takes each date by itself, and its outputs with ``dims="tyx"``
        have a date each. With the others it takes all dates.
    scale : float
        Values are multiplied by this first.
    mean : sequence of float, optional
        Mean of each band, in scaled numbers, that is subtracted.
    std : sequence of float, optional
        Standard deviation of each band by which is divided.
    resolution : float, optional
        Pixel size in metres of the training data; None means any.
    min_dates : int
        Fewest dates that the network takes.
    max_dates : int, optional
        Most dates that the network takes.
    see : {"clear", "measured"}
        Which values the network gets: only clear ones, or clouds as well; see
        :class:`~eowidgets.contract.prepare.Preparation`.
    logits : bool
        Class outputs are logits (softmax is applied, or the sigmoid to a single channel), not probabilities.
    card : Card, optional
        Source, licence, scores and limits.
    trust : bool
        You trust the maker of a TorchScript or exported file.
    sha256 : str, optional
        SHA-256 that the file must have.

    Returns
    -------
    Model
        A model that ``eow.run`` takes.

    Raises
    ------
    InputError, SourceError, ModelError
        For what cannot be, in one sentence, before anything is run.

    Examples
    --------
    >>> import torch
    >>> from eowidgets.models.wrap import wrap
    >>> from eowidgets.contract.outputs import Classes, Mosaic, Value
    >>> model = wrap(torch.nn.Conv2d(2, 1, 3, padding=1), bands=("red", "nir"), outputs=Value("edges", dims="tyx"))
    >>> model.name
    'conv2d'
    """
    digest = None
    if isinstance(network, str | Path):
        path = Path(network)
        network, digest = open_program(path, trust=trust, sha256=sha256)
        title = path.name
    elif isinstance(network, nn.Module):
        title = type(network).__name__
    else:
        raise InputError(f"{type(network).__name__} is not a network: give a torch.nn.Module or a file.")
    given = (outputs,) if isinstance(outputs, Mosaic) else tuple(outputs)
    _check(given, layout)
    spec = window if isinstance(window, Windows) else Windows(size=window, halo=(window or 0) // 8)
    chosen = (bands,) if isinstance(bands, str) else tuple(bands)
    body: dict[str, Any] = {
        "name": name or re.sub(r"[^a-z0-9]+", "-", Path(title).stem.lower()).strip("-") or "network",
        "task": Task.of(task),
        "card": card or Card(title=title[:80], licence="not stated", sha256=digest),
        "feed": replace(spec, bands=chosen, min_dates=min_dates, max_dates=max_dates, resolution=resolution),
        "network": network,
        "layout": layout,
        "given": given,
        "logits": logits,
        "prepare": Preparation(
            chosen,
            scale=scale,
            mean=tuple(mean) if mean is not None else None,
            std=tuple(std) if std is not None else None,
            resolution=resolution,
            multiple=spec.multiple,
            see=see,
        ),
    }
    body["made_with"] = {
        **{"bands": chosen, "outputs": given, "name": body["name"], "task": body["task"], "window": spec},
        **{"layout": layout, "scale": scale, "mean": body["prepare"].mean, "std": body["prepare"].std},
        **{"resolution": resolution, "min_dates": min_dates, "max_dates": max_dates, "see": see, "logits": logits},
        "card": body["card"],
    }
    cls: type[Wrapped] = type("Wrapped" + type(network).__name__, (Wrapped,), body)
    return cls()


def _check(outputs: tuple[Mosaic, ...], layout: Layout) -> None:
    if not outputs or not all(isinstance(o, Mosaic) for o in outputs):
        raise InputError("outputs must be one output or several: for example outputs=eow.Value('height', unit='m').")
    for o in outputs:
        if layout == "bchw" and not o.over_time:
            raise InputError(
                f"The output {shown(o.name)} has no time axis, but with layout='bchw' the network runs for each date: "
                "declare it with dims='tyx', or choose layout='btchw'."
            )

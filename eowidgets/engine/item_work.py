"""Prediction of shares of items, on this machine or on a worker of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch

from eowidgets.contract.outputs import Gathered, Mosaic
from eowidgets.engine import device as dev
from eowidgets.engine.fitted import Fitted
from eowidgets.engine.item_store import Rows
from eowidgets.engine.items import TIME, Items, Share
from eowidgets.engine.plan import Plan
from eowidgets.engine.predict import Piece, Predictor

#: Shares with their place in the run.
Numbered = tuple[int, Share]
#: Largest number of bytes, and of shares, that are sent to a worker together.
PART_BYTES, PART_SHARES = 8 << 20, 64


@dataclass(frozen=True)
class ItemWork:
    """A model with its settings for items, without the items; can be pickled for remote workers.

    Attributes
    ----------
    kind : type of Items
    outputs : tuple of output
        As :meth:`Items.prepare` returns them.
    size : (int, int)
        Rows and columns of a piece.
    seed : int
    device : str
    compile : bool
    """

    kind: type[Items]
    outputs: tuple[Mosaic | Gathered, ...]
    size: tuple[int, int]
    seed: int
    device: str
    compile: bool

    def predictor(
        self,
        share: Share,
        *,
        batch: int,
        precision: str,
        log: Callable[[str], None] = lambda _: None,
        checkpoint: Callable[[], None] = lambda: None,
    ) -> Predictor:
        """Return the predictor of the pieces of a share, and of others with the same network."""
        return Predictor(
            Fitted(share.model),
            share.site,
            self.outputs,
            device=dev.pick_device(self.device),
            precision=precision,
            size=self.size,
            batch=batch,
            seed=self.seed,
            compile=self.compile,
            log=log,
            checkpoint=checkpoint,
        )

    def run(
        self,
        shares: Iterable[Numbered],
        plan: Plan,
        log: Callable[[str], None] = lambda _: None,
        checkpoint: Callable[[], None] = lambda: None,
    ) -> Iterator[tuple[int, Rows, int]]:
        """Predict shares one after the other.

        Yields
        ------
        int, dict, int
            Place of a share, rows by the number of their item, and the number of items that are finished with it.
        """
        predictor: Predictor | None = None
        with ExitStack() as stack:
            for k, share in shares:
                if predictor is None:
                    predictor = self.predictor(
                        share, batch=plan.batch, precision=plan.precision, log=log, checkpoint=checkpoint
                    )
                    stack.enter_context(predictor.ready())
                yield k, self.predict(predictor, share), share.done

    def predict(self, predictor: Predictor, share: Share) -> Rows:
        """Predict the items of a share; rows by the number of their item."""
        if share.model is not predictor.model:  # a copy, with another survey
            share.model.to(predictor.device)
        predictor.site, predictor.fitted, predictor.model = share.site, Fitted(share.model), share.model
        rows = {}
        for number, (piece, found) in zip(share.numbers, predictor(share.pieces), strict=True):
            rows[number] = self._rows(share, piece, found)
        return rows

    def _rows(self, share: Share, piece: Piece, found: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the rows of one item: one, or one for each date if an output has dates."""
        parts = [self.kind.rows(share, o, found[o.name], piece) for o in self.outputs]
        if not any(o.over_time for o in self.outputs):
            return [{k: v for (part,) in parts for k, v in part.items()}]
        return [
            {TIME: date, **{k: v for part in parts for k, v in part[i if len(part) > 1 else 0].items()}}
            for i, date in enumerate(share.dates)
        ]

    def values(self, share: Share, precision: str) -> dict[str, torch.Tensor]:
        """Predict a few items only to measure the model; the outputs that are blended in cubes."""
        predictor = self.predictor(share, batch=max(1, len(share.pieces)), precision=precision)
        with predictor.ready(keep=True):
            found = [values for _, values in predictor(share.pieces)]
        names = [o.name for o in self.outputs if isinstance(o, Mosaic)]
        return {name: torch.stack([torch.from_numpy(values[name]) for values in found]) for name in names}


def bundles(shares: Iterable[Numbered], most: int) -> Iterator[list[Numbered]]:
    """Put shares that follow each other together, up to ``most`` items and the limits above, as a part for one worker."""
    import dask

    reading = iter(shares)
    part: list[Numbered] = []
    items = nbytes = 0
    while True:
        # This machine's threads: a read on the cluster would wait behind the parts that were sent before.
        with dask.config.set(scheduler="threads"):
            following = next(reading, None)
        if following is not None:
            part.append(following)
            items, nbytes = items + following[1].done, nbytes + following[1].nbytes
        if part and (following is None or items >= most or nbytes >= PART_BYTES or len(part) >= PART_SHARES):
            yield part
            part, items, nbytes = [], 0, 0
        if following is None:
            return

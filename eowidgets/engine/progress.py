"""A progress bar for scripts and notebooks."""

from __future__ import annotations

from collections.abc import Callable

from tqdm.auto import tqdm

from eowidgets.engine.job import FINAL, Job


def bar() -> Callable[[Job], None]:
    """Create a callback for :meth:`Job.on_change` that shows a bar."""
    shown: tqdm | None = None

    def update(job: Job) -> None:
        nonlocal shown
        done, total = job.windows
        if shown is None:
            if not total:
                return
            shown = tqdm(total=total, initial=done, desc=job.name, unit="window")
        shown.update(done - shown.n)
        if job.state in FINAL:
            shown.close()

    return update

"""Whether a cluster has workers while a run waits for it: a cluster without workers gives no error and no result."""

from __future__ import annotations

import time
from typing import Any

from eowidgets.engine.job import Job
from eowidgets.errors import SourceError

#: Seconds that a run waits for a first worker, or for another one; a hub takes minutes to start nodes.
PATIENCE = 300.0
#: Seconds between two questions to the scheduler.
LOOK = 1.0
#: The status of a run that waits.
NONE = "Waiting for workers: the cluster has none"


class Attendance:
    """Count the workers of a cluster while a run waits for them, and report in the run that there are none.

    Parameters
    ----------
    client : dask.distributed.Client
    job : Job
    saved : bool
        Whether finished parts stay when the run ends.

    Attributes
    ----------
    workers : int
        As counted last.
    """

    def __init__(self, client: Any, job: Job, saved: bool) -> None:
        self._client, self._job, self._saved = client, job, saved
        self._since: float | None = None
        self._looked = time.monotonic()
        self.workers = count(client)
        if self.workers:
            job.say(f"Running on {self.workers} Dask workers.")
        else:
            self._absent()

    def look(self) -> None:
        """Count again, at most once in :data:`LOOK` seconds.

        Raises
        ------
        SourceError
            If there was no worker for :data:`PATIENCE` seconds.
        """
        if time.monotonic() - self._looked < LOOK:
            return
        self.workers, self._looked = count(self._client), time.monotonic()
        if not self.workers:
            self._absent()
        elif self._since is not None:
            self._since = None
            self._job.wait_for("")
            self._job.say(f"Running on {self.workers} Dask workers.")

    def _absent(self) -> None:
        now = time.monotonic()
        if self._since is None:
            self._since = now
            what = "they are being started" if _scaling(self._client) else "add some with cluster.scale(4)"
            self._job.wait_for(NONE)
            self._job.say(f"{NONE}; {what}.")
        elif now - self._since >= PATIENCE:
            again = "the same call, which goes on where it stopped," if self._saved else "the same call"
            raise SourceError(
                f"The Dask cluster had no workers for {PATIENCE:g} s: add some with cluster.scale(4), or look into its log for "
                f"why they end, and run {again} again."
            )


def count(client: Any) -> int:
    """Return the number of workers behind a client."""
    return len(client.scheduler_info(n_workers=-1)["workers"])


def _scaling(client: Any) -> bool:
    """Return whether a cluster is known to start workers: it adapts, or was scaled to more than it has."""
    cluster = getattr(client, "cluster", None)
    return getattr(cluster, "_adaptive", None) is not None or bool(getattr(cluster, "worker_spec", None))

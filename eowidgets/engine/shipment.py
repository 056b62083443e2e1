"""Objects that the workers of a cluster need for a whole run: sent once by the client, received once by each worker.

The client sends pickled bytes in pieces as separate tasks. The scheduler keeps them, so that pieces lost with a worker
are restored without the client, and workers copy them from each other.
"""

from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Callable
from typing import Any

from torch import nn

#: Bytes of a message: schedulers warn of larger ones, and proxies of hubs may refuse them.
PIECE = 4 << 20


class Shipment:
    """An object as bytes, opened once in each thread of a worker.

    Threads do not share it, since a model may store what it computes in its attributes.

    Parameters
    ----------
    payload : bytes
        What :func:`packed` returns.
    """

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self._opened = threading.local()

    def __reduce__(self) -> tuple[Any, ...]:
        return Shipment, (self.payload,)

    def __sizeof__(self) -> int:
        return len(self.payload)

    def get(self) -> Any:
        """Return the object; the same one for all calls of a thread."""
        if not hasattr(self._opened, "value"):
            self._opened.value = pickle.loads(self.payload)  # noqa: S301  (bytes of this package's client)
        return self._opened.value


def packed(value: Any) -> bytes:
    """Return an object as bytes; classes and functions of a notebook are sent with their code."""
    import cloudpickle

    found: bytes = cloudpickle.dumps(value)
    return found


def send(client: Any, payload: bytes) -> Any:
    """Send bytes to the cluster, and return the future of their :class:`Shipment`."""
    starts = range(0, max(1, len(payload)), PIECE)
    pieces = [client.submit(_hold, payload[k : k + PIECE], pure=False) for k in starts]
    return client.submit(_join, pieces, pure=False)


def _hold(piece: bytes) -> bytes:
    return piece


def _join(pieces: list[bytes]) -> Shipment:
    return Shipment(b"".join(pieces))


class Apart:
    """Packs objects without the networks in them, which are sent once for all objects.

    Parameters
    ----------
    client : dask.distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._networks: list[nn.Module] = []
        self._sent: tuple[int, Any] = (-1, None)

    def pack(self, value: Any) -> tuple[bytes, Any]:
        """Return the bytes of an object, and the future of the networks that :func:`unpacked` puts back."""
        buffer = io.BytesIO()
        _pickler(buffer, self._number).dump(value)
        if self._sent[0] != len(self._networks):
            self._sent = len(self._networks), send(self._client, packed(self._networks))
        return buffer.getvalue(), self._sent[1]

    def _number(self, value: Any) -> int | None:
        """Return the number of a network; None for anything else."""
        if not isinstance(value, nn.Module):
            return None
        for i, known in enumerate(self._networks):
            if known is value:
                return i
        self._networks.append(value)
        return len(self._networks) - 1


def _pickler(buffer: io.BytesIO, number: Callable[[Any], int | None]) -> Any:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):
        def persistent_id(self, obj: Any) -> int | None:
            return number(obj)

    return Pickler(buffer)


class _Unpickler(pickle.Unpickler):
    def __init__(self, payload: bytes, networks: list[nn.Module]) -> None:
        super().__init__(io.BytesIO(payload))
        self._networks = networks

    def persistent_load(self, pid: Any) -> nn.Module:
        network: nn.Module = self._networks[pid]
        return network


def unpacked(payload: bytes, networks: Shipment) -> Any:
    """Return the object that :meth:`Apart.pack` packed."""
    return _Unpickler(payload, networks.get()).load()

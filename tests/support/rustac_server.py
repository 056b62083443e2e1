"""A real STAC API on loopback: ``rustac serve`` with items in memory.

rustac is chosen because one wheel without compilers gives a complete server (collections, search by POST and GET with
bounding box, dates and paging) that starts in a fraction of a second. stac-fastapi needs a database next to it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

#: Seconds after which the server counts as broken.
STARTS, LIVES = 20.0, 120.0


def rustac() -> str | None:
    """Return the path of the program next to this Python, or None."""
    return shutil.which("rustac", path=str(Path(sys.executable).parent))


@contextlib.contextmanager
def serve_stac(folder: Path, items: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Serve items; gives the address. The server ends with the block, or after two minutes."""
    path = folder / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(items)}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    program = rustac()
    assert program is not None
    with (folder / "server.log").open("w") as log:
        command = [program, "-q", "serve", "--create-collections", "--addr", f"127.0.0.1:{port}", str(path)]
        server = subprocess.Popen(command, stdout=log, stderr=log)
        watch = threading.Timer(LIVES, server.kill)
        watch.daemon = True
        watch.start()
        try:
            _wait(url, server)
            yield url
        finally:
            watch.cancel()
            server.terminate()
            server.wait(10)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    for _ in range(int(STARTS / 0.05)):
        assert server.poll() is None, "the STAC server stopped while it started"
        with contextlib.suppress(URLError, OSError), urlopen(url, timeout=1) as answer:
            answer.read()
            return
        pause.wait(0.05)
    raise AssertionError(f"the STAC server did not answer within {STARTS} s")

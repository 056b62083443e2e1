"""Files on loopback behind a signature or a token, with a count of the bytes that were sent."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.stac_server import serve


@dataclass
class Guard:
    """What the server accepts and what it saw.

    Attributes
    ----------
    folder : Path
    signature : str
        In the query of each file, if not empty; ``/token/...`` gives it.
    bearer : str
        In the header of each request for a file, if not empty.
    lifetime : float
        Seconds for which a signature is said to be valid.
    """

    folder: Path
    signature: str = ""
    bearer: str = ""
    lifetime: float = 3600.0
    tokens: int = 0
    sent: int = 0
    refused: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)


@contextlib.contextmanager
def serve_guarded(guard: Guard) -> Iterator[str]:
    """Serve the files of a guard; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path.startswith("/token/"):
                guard.tokens += 1
                expires = datetime.now(UTC) + timedelta(seconds=guard.lifetime)
                body = {"token": f"sig={guard.signature}", "msft:expiry": expires.isoformat().replace("+00:00", "Z")}
                self.reply(200, json.dumps(body).encode())
                return
            guard.headers.append(dict(self.headers))
            signed = parse_qs(parts.query).get("sig", [""])[0]
            header = self.headers.get("Authorization", "")
            if (guard.signature and signed != guard.signature) or (guard.bearer and header != f"Bearer {guard.bearer}"):
                guard.refused += 1
                self.reply(403, b"")
                return
            path = guard.folder / parts.path.lstrip("/")
            if not path.is_file():
                self.reply(404, b"")
                return
            content = path.read_bytes()
            wanted = self.headers.get("Range")
            if not wanted:
                self.reply(200, content, {"Accept-Ranges": "bytes"})
                return
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last or len(content) - 1), len(content) - 1)
            self.reply(206, content[start : end + 1], {"Content-Range": f"bytes {start}-{end}/{len(content)}"})

        do_HEAD = do_GET

        def reply(self, status: int, body: bytes, headers: dict[str, Any] | None = None) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)
                    guard.sent += len(body)

        def log_message(self, *args: Any) -> None:
            pass

    with serve(Handler) as url:
        yield url

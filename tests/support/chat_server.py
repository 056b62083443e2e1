"""A small OpenAI-compatible server on loopback that answers as told, well or badly."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def calls(arguments: Any) -> bytes:
    """A reply that calls the function with these arguments, and writes prose besides."""
    call = {"function": {"name": "program", "arguments": json.dumps(arguments)}}
    message = {"content": "There are 123456 hectares.", "tool_calls": [call]}
    return json.dumps({"choices": [{"message": message}]}).encode()


@contextlib.contextmanager
def chat_server(reply: Callable[[dict[str, Any]], tuple[int, bytes]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve until the block ends; gives the address and the requests that came."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append({"body": body, "path": self.path, "key": self.headers.get("Authorization")})
            status, content = reply(body)
            with contextlib.suppress(OSError):  # the asker may have given up
                self.send_response(status)
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)

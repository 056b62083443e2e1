"""A file of weights, and a hub on loopback that serves it."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from safetensors.torch import save_file


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.ones(2)}, path)
    return path


@pytest.fixture
def hub(tmp_path, monkeypatch, good):
    """A hub on loopback with one repository, and an empty cache."""
    import huggingface_hub.constants as constants

    body = good.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        asked = []  # noqa: RUF012

        def do_HEAD(self):
            self.answer(b"")

        def do_GET(self):
            self.answer(body)

        def answer(self, content):
            Handler.asked.append(self.path)
            found = self.path == "/owner/name/resolve/main/model.safetensors"
            self.send_response(200 if found else 404)
            if found:
                self.send_header("ETag", '"' + hashlib.sha256(body).hexdigest() + '"')
                self.send_header("X-Repo-Commit", "c" * 40)
                self.send_header("Content-Length", str(len(body)))
            else:
                self.send_header("X-Error-Code", "EntryNotFound" if "/owner/name/" in self.path else "RepoNotFound")
                self.send_header("Content-Length", "0")
            self.end_headers()
            if found:
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.delenv("EOWIDGETS_OFFLINE", raising=False)
    for name, value in [
        ("ENDPOINT", url),
        ("HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}"),
        ("HF_HUB_CACHE", str(tmp_path / "cache")),
        ("HF_HUB_DISABLE_XET", True),
        ("HF_HUB_OFFLINE", False),
    ]:
        monkeypatch.setattr(constants, name, value)
    yield Handler
    server.shutdown()
    server.server_close()
    thread.join(5)

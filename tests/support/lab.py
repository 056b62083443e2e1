"""JupyterLab in a real browser, for tests, benchmarks and screenshots.

``lab_session()`` starts a JupyterLab server on loopback with its own folders and a headless Chromium, and
stops both at the end. ``Lab.open`` runs a notebook the way a person does and gives a :class:`LabPage`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "ci-output" / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # A browser test asks the display to keep up, not the throttling of a window that is out of sight.
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_browser() -> str | None:
    """Path of a Chromium or Chrome: ``EOW_BROWSER``, else the first one on the PATH."""
    named = os.environ.get("EOW_BROWSER")
    if named:
        return named
    return next((path for name in NAMES if (path := shutil.which(name))), None)


_OPEN = """
async ([path]) => {
  const app = window.jupyterapp;
  await app.restored;
  const widget = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
  await widget.context.ready;
  await widget.context.sessionContext.ready;
  await widget.context.sessionContext.session.kernel.info;
  window._eow_notebook = widget;
  if (!app.shell.leftCollapsed) app.shell.collapseLeft();
}
"""
_CELLS = """
() => {
  const cells = window._eow_notebook.content.model.sharedModel.cells;
  return cells.filter(c => c.cell_type === 'code').map(c => ({
    source: c.getSource(), execution_count: c.execution_count, outputs: c.toJSON().outputs}));
}
"""
_RUN_ONE = """
async ([source]) => {
  const app = window.jupyterapp, nb = window._eow_notebook;
  nb.content.model.sharedModel.addCell({cell_type: 'code', source});
  nb.content.activeCellIndex = nb.content.model.cells.length - 1;
  await app.commands.execute('notebook:run-cell');
}
"""
#: Other cells in place of those that are there, and a kernel as it was after its imports.
_ANEW = """
async ([cells, code]) => {
  const nb = window._eow_notebook, shared = nb.content.model.sharedModel;
  shared.insertCells(0, cells.map((source) => ({ cell_type: 'code', source })));
  shared.deleteCellRange(cells.length, shared.cells.length);
  nb.content.activeCellIndex = 0;
  const { kernel } = nb.context.sessionContext.session;
  const reply = await kernel.requestExecute({ code, silent: true, store_history: false }).done;
  if (reply.content.status !== 'ok') throw new Error(reply.content.evalue);
}
"""
_FORGET = """
__import__("ipywidgets").Widget.close_all()
get_ipython().reset(new_session=True)
__import__("gc").collect()
"""


@dataclass
class LabPage:
    """A notebook open in JupyterLab.

    Attributes
    ----------
    page : Page
        Playwright's page.
    sent, received : list of bytes
        Every comm message between front end and kernel since the page was opened; use
        :meth:`count_sent` around an action.
    console : list of str
        Errors and warnings in the browser's console.
    """

    page: Page
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    uses: int = 0

    def run_all(self, timeout: float = 120) -> None:
        """Run every cell and wait for the last one."""
        self.page.set_default_timeout(timeout * 1000)
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.wait_idle(timeout)

    def run(self, source: str, timeout: float = 60) -> list[dict[str, Any]]:
        """Add a cell at the end, run it, and return its outputs."""
        self.page.set_default_timeout(timeout * 1000)
        self.page.evaluate(_RUN_ONE, [source])
        self.wait_idle(timeout)
        return self.cells()[-1]["outputs"]

    def wait_idle(self, timeout: float = 60) -> None:
        """Wait until no code cell is queued or running."""
        self.page.wait_for_function(
            "() => !Array.from(document.querySelectorAll('.jp-InputPrompt')).some(p => p.textContent.includes('[*]'))",
            timeout=timeout * 1000,
        )

    def evaluate(self, expression: str, timeout: float = 60) -> str:
        """Evaluate a Python expression in the kernel; gives its text."""
        outputs = self.run(f"print({expression})", timeout)
        return "".join(
            o.get("text", "") if isinstance(o.get("text"), str) else "".join(o["text"]) for o in outputs
        ).strip()

    def cells(self) -> list[dict[str, Any]]:
        """Code cells with ``source``, ``execution_count`` and ``outputs``."""
        return self.page.evaluate(_CELLS)

    def errors(self) -> list[str]:
        """Errors in outputs, cells that did not run, and errors in the browser's console that are the page's own."""
        found = []
        for i, cell in enumerate(self.cells()):
            if cell["execution_count"] is None and cell["source"].strip():
                found.append(f"cell {i} did not run")
            found += [f"cell {i}: {o['ename']}: {o['evalue']}" for o in cell["outputs"] if o["output_type"] == "error"]
        return found

    def screenshot(self, name: str) -> Path:
        """Save a PNG under ``ci-output/screenshots``."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def count_sent(self) -> int:
        """Number of comm messages that the front end has sent to the kernel so far."""
        return sum(b"comm_msg" in m for m in self.sent)

    def begin_again(self, cells: list[str], size: tuple[int, int]) -> None:
        """Put other cells in place of all, close every widget and forget every name; the kernel keeps its imports."""
        self.wait_idle()
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.mouse.move(0, 0)
        self.page.evaluate(_ANEW, [cells, _FORGET])
        self.page.wait_for_function("() => !document.querySelector('.jp-OutputArea-output, .eow-viewer')")
        for messages in (self.sent, self.received, self.console):
            messages.clear()

    def close(self) -> None:
        """Shut the kernel down and close the page without asking whether to save."""
        with contextlib.suppress(Exception):
            self.page.evaluate("() => window._eow_notebook.context.sessionContext.shutdown()")
        self.page.close(run_before_unload=False)


@dataclass
class Lab:
    """A running server and browser; see :func:`lab_session`."""

    url: str
    token: str
    root: Path
    browser: Browser

    def open(
        self, notebook: Path | list[str], name: str = "test", size: tuple[int, int] = (1280, 800), *, tour: bool = False
    ) -> LabPage:
        """Open a notebook (a file, which is copied, or a list of code cells) with a fresh kernel; nothing runs yet.

        The tour of the Explorer counts as put away unless ``tour`` is true.
        """
        target = self.root / f"{name}-{time.monotonic_ns()}.ipynb"
        if isinstance(notebook, Path):
            shutil.copy(notebook, target)
        else:
            nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in notebook])
            nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
            nbformat.write(nb, target)
        page = self.browser.new_page(viewport={"width": size[0], "height": size[1]})
        if not tour:
            page.add_init_script("localStorage.setItem('eowidgets.tour', 'off')")
        result = LabPage(page)
        page.on("websocket", lambda ws: _listen(ws, result))
        page.on("console", lambda m: result.console.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: result.console.append(f"uncaught: {e}"))
        workspace = target.stem
        page.goto(f"{self.url}/lab/workspaces/{workspace}?token={self.token}", wait_until="domcontentloaded")
        page.wait_for_function("() => window.jupyterapp !== undefined", timeout=60_000)
        page.evaluate(_OPEN, [target.name])
        return result


def _listen(ws: WebSocket, page: LabPage) -> None:
    if "/channels" not in ws.url:
        return
    ws.on("framesent", lambda data: page.sent.append(data if isinstance(data, bytes) else data.encode()))
    ws.on("framereceived", lambda data: page.received.append(data if isinstance(data, bytes) else data.encode()))


def free_port() -> int:
    """A port on loopback that nothing listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _settings(folder: Path, dark: bool) -> None:
    """Switch off what would move under a test: news, autosave, and cells that are not drawn while out of view."""
    values = {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "apputils-extension/themes": {"theme": "JupyterLab Dark" if dark else "JupyterLab Light"},
        "docmanager-extension/plugin": {"autosave": False},
        "notebook-extension/tracker": {"windowingMode": "none"},
    }
    for name, value in values.items():
        path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))


@contextlib.contextmanager
def lab_server(dark: bool = False, env: dict[str, str] | None = None) -> Iterator[tuple[str, str, Path]]:
    """Start JupyterLab on loopback with folders of its own; gives ``(url, token, root folder)``."""
    with tempfile.TemporaryDirectory(prefix="eow-lab-") as tmp:
        base, root = Path(tmp), Path(tmp) / "work"
        root.mkdir()
        _settings(base / "settings", dark)
        port, token = free_port(), "test-token"
        own = {
            "JUPYTER_CONFIG_DIR": base / "config",
            "JUPYTER_DATA_DIR": base / "data",
            "JUPYTER_RUNTIME_DIR": base / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": base / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": base / "workspaces",
            "IPYTHONDIR": base / "ipython",
            "EOWIDGETS_OFFLINE": "1",
        }
        log = (base / "lab.log").open("wb")
        server = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "jupyterlab",
                    "--no-browser",
                    "--allow-root",
                    f"--port={port}",
                    "--ip=127.0.0.1",
                ),
                *("--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}"),
                "--LabApp.expose_app_in_browser=True",
            ],
            env=os.environ | {k: str(v) for k, v in own.items()} | (env or {}),
            stdout=log,
            stderr=log,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            wait_up(f"{url}/api/status?token={token}", server, base / "lab.log")
            yield url, token, root
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
            log.close()


def wait_up(
    url: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 60, any_answer: bool = False
) -> None:
    """Wait until a server answers; raises with the end of its log where it stops or stays silent."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except urllib.error.HTTPError:
            if any_answer:
                return
            time.sleep(0.1)  # up, but not ready
        except OSError:
            time.sleep(0.1)  # nothing listens yet: there is no event to wait for
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def lab_session(dark: bool = False, env: dict[str, str] | None = None) -> Iterator[Lab]:
    """Server and browser together, both stopped at the end."""
    path = find_browser()
    if path is None:
        raise RuntimeError("No Chromium or Chrome found: install one or set EOW_BROWSER.")
    with lab_server(dark, env) as (url, token, root), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield Lab(url, token, root, browser)
        finally:
            browser.close()

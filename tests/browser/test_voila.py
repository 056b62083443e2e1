"""Notebook 01 as a page, without JupyterLab around it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.lab import free_port, wait_up

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_explore_an_area.ipynb"


def test_voila_serves_the_explorer(lab, tmp_path):
    shutil.copy(NOTEBOOK, tmp_path / "page.ipynb")
    port, log = free_port(), tmp_path / "voila.log"
    command = [sys.executable, "-m", "voila", "page.ipynb", f"--port={port}", "--no-browser", "--Voila.ip=127.0.0.1"]
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, cwd=tmp_path, stdout=out, stderr=out, env=os.environ | {"EOWIDGETS_OFFLINE": "1"}
        )
        try:
            wait_up(f"http://127.0.0.1:{port}/voila/static/main.js", server, log, any_answer=True)
            page = lab.browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(f"http://127.0.0.1:{port}/", timeout=120_000)
            page.locator(".eow-viewer[data-drawn]").first.wait_for(timeout=60_000)
            page.locator(".leaflet-container").first.wait_for()
            assert page.locator(".eow-error:not([hidden])").count() == 0
            page.close()
        finally:
            server.terminate()
            server.wait(20)

"""The front end's part of the diagnosis: latency of the comm, size of messages, WebGL2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from eowidgets.diagnosis import Finding, Report

_HERE = Path(__file__).parent


class Doctor(anywidget.AnyWidget):
    """Shows the kernel's findings and measures the front end.

    Parameters
    ----------
    findings : list of Finding
        Findings of :func:`eowidgets.diagnosis.examine`.

    Attributes
    ----------
    front_end : dict
        After display: ``latency_ms`` (median of a round trip), ``largest_message`` (bytes that were
        returned completely), ``webgl2`` (renderer, or empty), ``texture_size``, ``texture_layers``.
    """

    _esm = _HERE / "doctor.js"
    _css = _HERE / "doctor.css"
    rows: Any = traitlets.List().tag(sync=True)
    front_end: Any = traitlets.Dict().tag(sync=True)

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__(rows=[_row(f) for f in findings])
        self.on_msg(self._echo)
        self.observe(self._judge, names="front_end")

    def __repr__(self) -> str:
        """Return the findings as text."""
        return repr(Report(self.findings))

    def _echo(self, _: Any, content: dict[str, Any], buffers: list[memoryview]) -> None:
        # Bytes are echoed: the front end measures the round trip and checks that all arrive.
        self.send({"ping": content.get("ping")}, buffers)

    def _judge(self, change: dict[str, Any]) -> None:
        self.rows = [_row(f) for f in [*self.findings, *judge_front_end(change["new"])]]


def judge_front_end(seen: dict[str, Any]) -> list[Finding]:
    """Turn the front end's measurements into findings."""
    found = []
    latency = seen.get("latency_ms")
    if latency is None:
        found.append(
            Finding("Comm", "bad", "no answer from the kernel within 10 s", "Restart the kernel and reload the page.")
        )
    else:
        slow = latency > 250
        mend = "The connection to the kernel is slow; scrubbing and styles run in the browser and are not affected."
        found.append(
            Finding("Comm", "note" if slow else "good", f"{latency:.0f} ms a round trip", mend if slow else "")
        )
    largest = seen.get("largest_message", 0)
    if largest < 8_000_000:
        mend = "A proxy limits messages; ask the hub's administrator for a websocket limit of 10 MB or more."
        found.append(Finding("Messages", "bad", f"the largest one transferred has {largest / 1e6:.1f} MB", mend))
    else:
        found.append(Finding("Messages", "good", f"{largest / 1e6:.0f} MB come through"))
    if seen.get("webgl2"):
        size, layers = seen.get("texture_size"), seen.get("texture_layers")
        found.append(Finding("WebGL2", "good", f"{seen['webgl2']}, textures of {size}² × {layers}"))
    else:
        mend = "Switch on hardware acceleration in the browser's settings; until then pictures are drawn more slowly."
        found.append(Finding("WebGL2", "note", "not available", mend))
    return found


def _row(finding: Finding) -> dict[str, str]:
    return {"topic": finding.topic, "level": finding.level, "text": finding.text, "mend": finding.mend}

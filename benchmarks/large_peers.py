"""Peers of ``benchmarks/large.py`` on the same files: leafmap's tile layer and the viewer of zeit-cdts."""

from __future__ import annotations


def measure(lab, folder, packages):
    return {}

"""Checks for authors of models, and small cubes for tests."""

from eowidgets.testing.check import CHECKS, CORNER, SAME, check_model
from eowidgets.testing.cubes import BANDS, SERIES, tiny_cube
from eowidgets.testing.report import Finding, Report

__all__ = ["BANDS", "CHECKS", "CORNER", "SAME", "SERIES", "Finding", "Report", "check_model", "tiny_cube"]

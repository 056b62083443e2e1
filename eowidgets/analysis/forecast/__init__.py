"""Forecast pixels, areas or whole cubes, with calibrated intervals and errors measured on the past."""

"""Cubes: open, check, select, mask, export."""

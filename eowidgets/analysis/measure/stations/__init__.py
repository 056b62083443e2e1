"""Measurements on the ground next to the pixels of a cube: matched in time, compared by season."""

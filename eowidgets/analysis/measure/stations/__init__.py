"""Ground measurements compared with the pixels of a cube: matched in time, scored by season."""

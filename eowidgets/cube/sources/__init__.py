"""Where cubes come from: one file per kind of source, each gives a raw Dataset to ``normalise``."""

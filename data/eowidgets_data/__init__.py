"""Samples and weights of eowidgets, at the same places as in that package; eowidgets finds them here."""

__version__ = "0.1.0"

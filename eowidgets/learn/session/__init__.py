"""Teach a map click by click: labels that grow, a map that follows, and where to label next; no widgets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

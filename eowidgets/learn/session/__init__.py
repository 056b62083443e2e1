"""Train a map interactively: labels, a map that is updated after each label, and proposed places; without widgets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Fit networks: one seeded training loop with checkpoints, a log and a progress bar."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Questions over a cube that need more than one run: change over a series, forecasts with intervals, answers in words.

``eow.change``, ``eow.forecast``, ``eow.hindcast`` and ``eow.ask`` answer them; the names here work on their results.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

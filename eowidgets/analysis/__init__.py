"""Questions over a cube that take more than one run: change over a series, forecasts with intervals, answers in words.

``eow.change``, ``eow.forecast``, ``eow.hindcast`` and ``eow.ask`` ask them; the names here work on what they give.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

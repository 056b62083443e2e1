"""Interactive Jupyter environment for satellite time series.

>>> import eowidgets as eow
>>> cube = eow.open("romania")
>>> eow.Explorer(cube)  # doctest: +SKIP
"""

import lazy_loader

import eowidgets.cube.accessor
import eowidgets.moved

eowidgets.moved.install()

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

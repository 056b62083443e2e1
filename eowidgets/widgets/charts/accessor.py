"""Importing this module registers ``.hvplot``, as importing ``rioxarray`` registers ``.rio``."""

from eowidgets.widgets.charts.display import charts

charts()

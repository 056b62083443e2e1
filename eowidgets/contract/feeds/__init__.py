"""Feeds: the input of a model, and the pieces in which it is read."""

from eowidgets.contract.feeds.base import Feed
from eowidgets.contract.feeds.batch import Batch
from eowidgets.contract.feeds.chips import Chips
from eowidgets.contract.feeds.series import Series
from eowidgets.contract.feeds.source import Source
from eowidgets.contract.feeds.windows import Windows

__all__ = ["Batch", "Chips", "Feed", "Series", "Source", "Windows"]

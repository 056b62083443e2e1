"""Labels of places and the classes of class maps."""

from eowidgets.contract.labels.class_info import ClassInfo as ClassInfo
from eowidgets.contract.labels.class_info import is_color as is_color
from eowidgets.contract.labels.labels import Labels as Labels
from eowidgets.contract.labels.placed import LabelReport as LabelReport
from eowidgets.contract.labels.placed import PlacedLabels as PlacedLabels

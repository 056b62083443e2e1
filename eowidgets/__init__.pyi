# The public names, and where each one lives. `__init__.py` reads this file: nothing is imported before it is used,
# and type checkers and editors see the same list.
from . import models as models
from .analysis.ask.answer import Answer as Answer
from .analysis.ask.asking import ask as ask
from .analysis.ask.questions import questions as questions
from .analysis.change.detect import change as change
from .analysis.forecast.forecast import forecast as forecast
from .analysis.forecast.forecast import hindcast as hindcast
from .analysis.rerun import rerun as rerun
from .contract.card import Card as Card
from .contract.feeds import Inputs as Inputs
from .contract.feeds import WindowSpec as WindowSpec
from .contract.labels import ClassInfo as ClassInfo
from .contract.loading import load as load
from .contract.model import Model as Model
from .contract.outputs import Output as Output
from .contract.params import param as param
from .contract.registry import register as register
from .contract.table import list_models as list_models
from .contract.task import Task as Task
from .contract.weights import weights as weights
from .cube.area import Area as Area
from .cube.open import open as open
from .cube.samples import samples as samples
from .engine.estimate import Estimate as Estimate
from .engine.estimate import estimate as estimate
from .engine.job import Job as Job
from .engine.run import run as run
from .engine.run import submit as submit
from .errors import EowidgetsError as EowidgetsError
from .models.wrap import wrap as wrap
from .widgets.chart.pixel_chart import PixelChart as PixelChart
from .widgets.diagnose import doctor as doctor
from .widgets.explorer import Explorer as Explorer
from .widgets.map.area_map import AreaMap as AreaMap
from .widgets.map.time_layer import TimeLayer as TimeLayer
from .widgets.panels.ask_panel import AskPanel as AskPanel
from .widgets.panels.change_panel import ChangePanel as ChangePanel
from .widgets.panels.forecast_panel import ForecastPanel as ForecastPanel
from .widgets.panels.model_panel import ModelPanel as ModelPanel
from .widgets.viewer.time_viewer import TimeViewer as TimeViewer

__version__: str

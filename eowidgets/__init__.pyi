# The public names, and where each one lives. `__init__.py` reads this file: nothing is imported before it is used,
# and type checkers and editors see the same list.
from . import models as models
from .analysis.ask.answer import Answer as Answer
from .analysis.ask.asking import ask as ask
from .analysis.change import change as change
from .analysis.forecast import forecast as forecast
from .analysis.forecast import hindcast as hindcast
from .analysis.questions import questions as questions
from .analysis.rerun import rerun as rerun
from .cube.area import Area as Area
from .cube.open import open as open
from .cube.samples import samples as samples
from .diagnosis import doctor as doctor
from .engine.estimate import Estimate as Estimate
from .engine.estimate import estimate as estimate
from .engine.job import Job as Job
from .engine.run import run as run
from .engine.run import submit as submit
from .errors import EowidgetsError as EowidgetsError
from .models.base import Card as Card
from .models.base import Inputs as Inputs
from .models.base import Model as Model
from .models.base import WindowSpec as WindowSpec
from .models.base import param as param
from .models.registry import register as register
from .models.weights import weights as weights
from .models.wrap import wrap as wrap
from .tasks import ClassInfo as ClassInfo
from .tasks import Output as Output
from .tasks import Task as Task
from .widgets.area_map import AreaMap as AreaMap
from .widgets.ask_panel import AskPanel as AskPanel
from .widgets.change_panel import ChangePanel as ChangePanel
from .widgets.explorer import Explorer as Explorer
from .widgets.forecast_panel import ForecastPanel as ForecastPanel
from .widgets.model_panel import ModelPanel as ModelPanel
from .widgets.pixel_chart import PixelChart as PixelChart
from .widgets.time_layer import TimeLayer as TimeLayer
from .widgets.time_viewer import TimeViewer as TimeViewer

__version__: str

# The public names, and where each one lives. `__init__.py` reads this file: nothing is imported before it is used,
# and type checkers and editors see the same list.
from . import models as models
from .analysis.ask.answer import Answer as Answer
from .analysis.ask.asking import ask as ask
from .analysis.ask.questions import questions as questions
from .analysis.change.detect import change as change
from .analysis.choose.choose import choose as choose
from .analysis.fill import fill as fill
from .analysis.forecast.forecast import forecast as forecast
from .analysis.forecast.forecast import hindcast as hindcast
<<<<<<< HEAD
from .analysis.measure.accuracy.accuracy import accuracy as accuracy
from .analysis.measure.accuracy.assessment import Accuracy as Accuracy
from .analysis.measure.accuracy.draw import sample as sample
from .analysis.measure.accuracy.sample import Sample as Sample
=======
from .analysis.measure.report.content import Report as Report
from .analysis.measure.report.of_result import report as report
>>>>>>> main
from .analysis.record import Record as Record
from .analysis.rerun import rerun as rerun
from .contract.card import Card as Card
from .contract.feeds import Chips as Chips
from .contract.feeds import Series as Series
from .contract.feeds import Source as Source
from .contract.feeds import Windows as Windows
from .contract.labels import ClassInfo as ClassInfo
from .contract.labels import Labels as Labels
from .contract.loading import load as load
from .contract.model import Model as Model
from .contract.older import Inputs as Inputs
from .contract.older import Output as Output
from .contract.older import WindowSpec as WindowSpec
from .contract.outputs import Bands as Bands
from .contract.outputs import Classes as Classes
from .contract.outputs import Fan as Fan
from .contract.outputs import Label as Label
from .contract.outputs import Objects as Objects
from .contract.outputs import Text as Text
from .contract.outputs import Value as Value
from .contract.outputs import Vector as Vector
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
from .learn.embed import embed as embed
from .learn.index.index import Index as Index
from .learn.teach import teach as teach
from .models.wrap import wrap as wrap
from .widgets.chart.pixel_chart import PixelChart as PixelChart
from .widgets.charts.chart import Chart as Chart
from .widgets.charts.display import charts as charts
from .widgets.diagnose import doctor as doctor
from .widgets.explorer import Explorer as Explorer
from .widgets.map.area_map import AreaMap as AreaMap
from .widgets.map.time_layer import TimeLayer as TimeLayer
from .widgets.panels.ask_panel import AskPanel as AskPanel
from .widgets.panels.change_panel import ChangePanel as ChangePanel
from .widgets.panels.forecast_panel import ForecastPanel as ForecastPanel
from .widgets.panels.measure_panel import MeasurePanel as MeasurePanel
from .widgets.panels.model_panel import ModelPanel as ModelPanel
from .widgets.panels.similar_panel import SimilarPanel as SimilarPanel
from .widgets.panels.teach_panel import TeachPanel as TeachPanel
from .widgets.viewer.time_viewer import TimeViewer as TimeViewer

__version__: str

# Imported when used, because torch is heavy.
from .loop import Plan as Plan
from .loop import Report as Report
from .loop import Step as Step
from .loop import fit as fit
from .loop import one_cycle as one_cycle
from .loop import train as train

# Imported when used, because torch is heavy.
from .autosave import Autosave as Autosave
from .classroom import Classroom as Classroom
from .classroom import Score as Score
from .places import Place as Place
from .session import TeachSession as TeachSession

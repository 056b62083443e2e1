"""Tasks of models, with their metrics and baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from eowidgets.arguments import Name, checked
from eowidgets.errors import InputError, shown, unknown


@checked
@dataclass(frozen=True)
class Task:
    """What a model is for. Panels and tables group models by it.

    Parameters
    ----------
    name : str
        Lower-case words joined by hyphens.
    label : str
        The same in words, for panels.
    metrics : tuple of str
        Names of functions of :mod:`eowidgets.metrics`, the most important one first.
    baseline : str, optional
        The method that a model has to beat: a registered model, or a description.

    Examples
    --------
    >>> Task("estimate-biomass", label="Estimate biomass", metrics=("rmse",), baseline="the mean of the labels").name
    'estimate-biomass'
    >>> Task.of("segment") is Task.SEGMENT
    True
    """

    name: Name
    label: str = ""
    metrics: tuple[str, ...] = ()
    baseline: str | None = None

    RECONSTRUCT: ClassVar[Task]
    REMOVE_CLOUDS: ClassVar[Task]
    COMPOSITE: ClassVar[Task]
    FORECAST: ClassVar[Task]
    DETECT_CHANGE: ClassVar[Task]
    SEGMENT: ClassVar[Task]
    REGRESS: ClassVar[Task]
    EMBED: ClassVar[Task]
    DETECT: ClassVar[Task]
    CLASSIFY: ClassVar[Task]
    ANSWER: ClassVar[Task]
    CAPTION: ClassVar[Task]

    @classmethod
    def of(cls, task: Any) -> Task:
        """Return a task, given itself or the name of one of those that are attributes of this class.

        Parameters
        ----------
        task : Task or str
            A task, or its name.

        Returns
        -------
        Task
            The task.

        Raises
        ------
        InputError
            For an unknown name, with the nearest ones.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Task.of("forecast") is eow.Task.FORECAST
        True
        """
        if isinstance(task, Task):
            return task
        if not isinstance(task, str):
            raise InputError(f"The task is {shown(task)}: give a name such as 'segment', or an eow.Task.")
        if task not in TASKS:
            raise unknown("task", task, TASKS)
        return TASKS[task]

    def __str__(self) -> str:
        return self.name


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("reconstruct", "Fill gaps", ("psnr", "sam"), "fill-linear"),
        Task("remove-clouds", "Remove clouds", ("psnr", "sam"), "fill-linear"),
        Task("composite", "Compose", ("psnr",), "composite-median"),
        Task("forecast", "Forecast", ("mase", "crps", "coverage"), "forecast-climatology"),
        Task("detect-change", "Detect change", ("f1", "iou"), "change-cva"),
        Task("segment", "Map classes", ("iou", "f1"), "the most frequent class"),
        Task("regress", "Estimate a quantity", ("rmse", "mae"), "the mean of the labels"),
        Task("embed", "Embed", ("accuracy",), "the bands themselves"),
        Task("detect", "Detect objects", ("average_precision",), None),
        Task("classify", "Classify", ("accuracy", "f1"), "the most frequent class"),
        Task("answer", "Answer questions", ("accuracy",), "the most frequent answer"),
        Task("caption", "Describe in words", ("bleu", "cider"), "the most frequent sentence"),
    )
}
for _task in TASKS.values():
    setattr(Task, _task.name.replace("-", "_").upper(), _task)

"""Scores as plain functions of arrays; the arguments are predictions, targets, and a mask of valid values."""

from eowidgets.metrics.captions import bleu, cider
from eowidgets.metrics.classes import ChangeScores, accuracy, change_scores, confusion, f1, iou, kappa
from eowidgets.metrics.detection import average_precision
from eowidgets.metrics.errors import mae, psnr, rmse, sam, ssim
from eowidgets.metrics.forecasts import coverage, crps, mase, pinball

__all__ = [
    "ChangeScores",
    "accuracy",
    "average_precision",
    "bleu",
    "change_scores",
    "cider",
    "confusion",
    "coverage",
    "crps",
    "f1",
    "iou",
    "kappa",
    "mae",
    "mase",
    "pinball",
    "psnr",
    "rmse",
    "sam",
    "ssim",
]

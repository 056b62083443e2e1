"""Crop classifiers: networks that are trained on labelled series or windows."""

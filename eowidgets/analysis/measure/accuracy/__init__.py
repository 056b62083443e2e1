"""Accuracy of a class map and error-adjusted areas: draw a stratified sample, label it, estimate with intervals."""

"""Shared parts of the forecasting networks: interface, training on hindcasts, published sizes, and five tasks."""

"""Trends of the yearly, seasonal or monthly values of one index: slope and test, anomalies, step or line, recovery."""

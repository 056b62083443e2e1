"""Questions over a cube that take more than one run: change over a series, forecasts with intervals, answers in words."""

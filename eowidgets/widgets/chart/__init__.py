"""Draw time series of pixels and areas, with the intervals of forecasts."""

"""Networks that classify single time series."""

"""Networks that classify time series one by one."""

"""Time series for all forecasters: the checked past, the dates of a run, a regular grid, and the mean season."""

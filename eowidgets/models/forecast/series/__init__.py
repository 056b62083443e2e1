"""What all forecasters share about series: the checked past, the dates of a run, a regular grid, and the mean season."""

"""Show Bokeh figures, HoloViews objects and plots of hvPlot, without a network."""

"""Show Bokeh figures, HoloViews objects and what hvPlot returns, without a network."""

"""Run models, find change, forecast and answer questions from controls; all panels share the base in ``panel.py``."""

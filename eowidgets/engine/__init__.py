"""Run models over data of any size."""

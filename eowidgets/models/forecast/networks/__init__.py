"""What the forecasting networks share: their form, their training on hindcasts, their published sizes, and five tasks."""

"""Figures for reports: by parcel and by year, with intervals, definitions and a report page."""

"""Figures to report to others: phenology, trends, parcels, stations, accuracy with error-adjusted areas, and reports."""

"""Numbers to report: seasons, trends, parcels and stations, with their uncertainty."""

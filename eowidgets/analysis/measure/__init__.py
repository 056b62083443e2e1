"""Numbers for others: by parcel and by year, with an interval, a definition and a report page."""

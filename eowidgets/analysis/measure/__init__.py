"""Numbers that users report: per parcel, per station, per season and per class, each with its definition and uncertainty."""

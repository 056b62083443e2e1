"""Statistics of an index per parcel and date: read, computed block by block, compared and written."""

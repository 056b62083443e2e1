"""Statistics of an index per parcel and date: read, compute block by block, compare and write."""

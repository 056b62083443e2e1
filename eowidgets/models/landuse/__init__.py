"""Networks that are taught land use at two dates."""

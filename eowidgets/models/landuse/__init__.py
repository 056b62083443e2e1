"""Networks that are trained on land use at two dates."""

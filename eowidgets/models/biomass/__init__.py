"""Networks that are trained on biomass."""

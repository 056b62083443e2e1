"""Networks that are taught biomass."""

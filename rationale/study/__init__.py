"""Studies: what dropping costs and saves, measured."""

"""Studies: several models beside each other (the comparison of systems, the top-k study)."""

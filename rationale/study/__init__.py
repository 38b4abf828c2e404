"""Studies: experiments on several models (the comparison of dropping methods, the top-k study)."""

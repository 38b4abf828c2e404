"""Studies: experiments on models (comparison of dropping methods, top-k study, re-drawn weights)."""

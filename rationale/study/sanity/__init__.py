"""Do scores depend on what the model has learnt? The randomisation check (Adebayo et al., 2018)."""

"""Loads checkpoints from a hub id or a folder, for scoring and training by the same rules."""

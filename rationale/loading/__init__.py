"""Loading: a checkpoint from a hub id or a folder, for reading and for training, by one rule."""

"""Evaluation of one model: predictions, FLOPs, time, and kept tokens."""

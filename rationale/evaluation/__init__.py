"""Evaluation: what one model predicts, costs, saves and keeps."""

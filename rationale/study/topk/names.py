"""What a top-k study calls its files, the condition that every other is compared with, and the lead."""

PREDICTIONS, STUDY = "predictions.parquet", "study.json"
FULL, FIRST = "full", "lead"
PERMUTATIONS = 99_999  # sign changes drawn for the paired tests

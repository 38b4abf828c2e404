"""What a top-k study calls its files and the arm that every other is compared with."""

PREDICTIONS, STUDY = "predictions.parquet", "study.json"
FULL = "full"
PERMUTATIONS = 99_999  # sign changes drawn for the paired tests

"""Names of the files of a top-k study, of the full condition and of the lead condition."""

PREDICTIONS, STUDY = "predictions.parquet", "study.json"
FULL, FIRST = "full", "lead"
PERMUTATIONS = 99_999  # random sign changes of the paired permutation tests

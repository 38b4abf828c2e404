"""Are these words enough? The top-k study: classifiers that read only the words a condition keeps."""

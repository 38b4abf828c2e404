"""Are these words enough? The top-k study: classifiers that read only the words an arm keeps."""

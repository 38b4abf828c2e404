"""The command line: one file per command, each of which reads as the pipeline it runs."""

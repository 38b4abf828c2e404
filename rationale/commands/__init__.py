"""The command line, one file a command; each reads as the pipeline it runs."""

"""Corpora with human rationales beyond ERASER, each read from the files that its authors publish.

A reader says which row is a document, how it is named, cut into words and labelled, and what each annotator
said. States come from flags and from what a corpus asked for, never from an empty list alone; where a corpus
leaves something open, the reader's docstring says what is decided, and what is left out is counted.
"""

"""Rationales that somebody else predicted: read, matched with the documents, and counted."""

"""Metrics and statistics: pure functions on arrays that know of no model and no document."""

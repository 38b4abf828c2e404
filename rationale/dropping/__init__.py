"""Dropping: systems that remove tokens layer by layer, and the one loop that runs them."""

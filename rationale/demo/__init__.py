"""The demo: the full pipeline on the embedded sample."""

from rationale.demo.run import Demo, Run, run_demo
from rationale.demo.sample import sample_adapler, sample_classifier, sample_folder, sample_reviews

__all__ = [
    "Demo",
    "Run",
    "run_demo",
    "sample_adapler",
    "sample_classifier",
    "sample_folder",
    "sample_reviews",
]

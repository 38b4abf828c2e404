"""The demo: the full pipeline on the embedded sample."""

from rationale.demo.run import Demo, DemoRun, run_demo
from rationale.demo.sample import sample_adapler, sample_classifier, sample_folder, sample_reviews

__all__ = [
    "Demo",
    "DemoRun",
    "run_demo",
    "sample_adapler",
    "sample_classifier",
    "sample_folder",
    "sample_reviews",
]

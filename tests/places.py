"""Where the tests find what is not Python of ours."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
APPS = ROOT / "apps"
RESULTS = ROOT / "docs" / "results"

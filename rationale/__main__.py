"""``python -m rationale``: the command line."""

from rationale.cli import main

main()

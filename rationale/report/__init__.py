"""Reports: one table model and one set of charts for HTML, Markdown, CSV, Parquet and ERASER files.

The package can be called: ``rationale.report(scores, documents, agreement, "report.html")`` is
:func:`rationale.report.write.report`, whether or not this package was imported before.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.report.explanation import Explanation, explain
    from rationale.report.table import Column, Interval, Table
    from rationale.report.tables import agreement_table
    from rationale.report.write import report, report_markdown

__all__ = [
    "Column",
    "Explanation",
    "Interval",
    "Table",
    "agreement_table",
    "explain",
    "report",
    "report_markdown",
]

__getattr__ = lazy_attributes(
    __name__,
    {
        "Column": "rationale.report.table",
        "Explanation": "rationale.report.explanation",
        "Interval": "rationale.report.table",
        "Table": "rationale.report.table",
        "agreement_table": "rationale.report.tables",
        "explain": "rationale.report.explanation",
        "report": "rationale.report.write",
        "report_markdown": "rationale.report.write",
    },
)


class _Callable(ModuleType):
    """A package that can be called like its function of the same name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.report(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable

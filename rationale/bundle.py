"""Finds the folders bundled with the library: the sample (``eraser_data``) and the app (``apps``)."""

from __future__ import annotations

from pathlib import Path

from rationale.errors import RationaleError

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """The file or folder ``name``, such as ``eraser_data/sample``, of the checkout or the installed wheel.

    A wheel has both folders in ``rationale/_bundle``; a checkout (and an editable install of it) has them
    beside the package.

    Raises:
        RationaleError: Where it is in neither.

    >>> bundled("eraser_data/sample").name
    'sample'
    """
    for root in (_PACKAGE / "_bundle", _PACKAGE.parent):
        if (root / name).exists():
            return root / name
    raise RationaleError(
        f"{name!r} is missing from this installation of rationale",
        where=_PACKAGE,
        remedy="Install the wheel again, or work in a checkout of the repository.",
    )

"""Text files as people make them: any line ending, BOM or none; errors name the line or the byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rationale.errors import DataError

_BOM = b"\xef\xbb\xbf"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # escapes among which a lone one may be
_LINE_END = re.compile(r"\r\n|\r|\n")


def read_text(path: Path) -> str:
    """The content of a UTF-8 file, without a byte order mark.

    Raises:
        DataError: Where the file cannot be opened, or is not UTF-8; the message names the byte.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})", where=path) from error
    skipped = len(_BOM) if content.startswith(_BOM) else 0
    try:
        return content[skipped:].decode("utf-8")
    except UnicodeDecodeError as error:
        offset = skipped + error.start
        raise DataError(
            f"not UTF-8: byte 0x{content[offset]:02x} at offset {offset}",
            where=path,
            remedy="Save the file as UTF-8, for example with: iconv -f LATIN1 -t UTF-8.",
        ) from error


def split_lines(text: str) -> list[str]:
    r"""The lines of a text whose endings may be mixed; other separators (U+2028, form feed) end no line.

    >>> split_lines("a\nb\r\nc\rd")
    ['a', 'b', 'c', 'd']
    """
    return _LINE_END.split(text)


def numbered_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yields ``(file:line, text)`` of each line that is not blank."""
    for number, line in enumerate(split_lines(read_text(path)), start=1):
        if line.strip():
            yield f"{path}:{number}", line


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields ``(file:line, object)`` of each line that is not blank.

    Raises:
        DataError: On a line that is no JSON object; the message names file, line and column.
    """
    for where, line in numbered_lines(path):
        yield where, json_object(line, where)


def json_object(line: str, where: str) -> dict[str, Any]:
    """The JSON object in ``line``.

    Raises:
        DataError: Where it is something else.
    """
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        problem = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else error
        raise DataError(
            f"not a JSON object ({problem})",
            where=where,
            remedy="Each line must hold one whole JSON object; the file may have been cut off.",
        ) from error
    if not isinstance(content, dict):
        raise DataError(f"expected a JSON object, got {type(content).__name__}", where=where)
    if _HALF.search(line):
        _check_encodable(content, where)
    return content


def _check_encodable(content: dict[str, Any], where: str) -> None:
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"half a surrogate pair, {error.object[error.start]!r}: no text can hold it",
            where=where,
            remedy="The file was cut inside a character when it was written; write the character whole.",
        ) from error


def need(row: Mapping[str, Any], name: str, where: str) -> Any:
    """The value of a field that must be there.

    Raises:
        DataError: Where it is missing or null; the message lists the fields there are.
    """
    if name not in row or row[name] is None:
        known = ", ".join(map(str, row)) or "none"
        raise DataError(f"the field {name!r} is missing", where=where, remedy=f"Fields found: {known}.")
    return row[name]

"""Reads text files with any line ending, in UTF-8 or UTF-16, gzipped or not; errors name the line or byte."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from rationale import strict_json
from rationale.errors import DataError
from rationale.strict_json import Json

_SMALL, _RATIO = 1 << 28, 100  # a file may unpack to this many bytes, or to this many times its size
_LINE_END = re.compile(r"\r\n|\r|\n")
_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_KINDS = {
    b"\x1f\x8b": "It is compressed with gzip: let its name end in .gz.",
    b"PK\x03\x04": "It is a zip or Excel file: save the sheet as CSV UTF-8, or unpack it.",
    b"BZh": "It is compressed with bzip2: unpack it.",
    b"\xfd7zXZ": "It is compressed with xz: unpack it.",
}


def read_text(path: Path, content: bytes | None = None) -> str:
    """The content of a text file, unpacked where its name ends in ``.gz``.

    It is UTF-8, or UTF-16 or UTF-32 with a byte order mark.

    Args:
        path: The file.
        content: Its bytes, where they were read already.

    Raises:
        DataError: Where the file cannot be opened, or is in another encoding; the message names the byte.
    """
    content = read_bytes(path) if content is None else content
    if path.suffix.lower() == ".gz":
        content = _unpacked(content, path)
    bom_bytes, encoding = next(
        ((bom, name) for bom, name in _MARKS if content.startswith(bom)), (b"", "utf-8")
    )
    try:
        text = content[len(bom_bytes) :].decode(encoding)
    except UnicodeDecodeError as error:
        offset = len(bom_bytes) + error.start
        raise DataError(
            f"not {encoding.upper().removesuffix('-LE').removesuffix('-BE')}: "
            f"byte 0x{content[offset]:02x} at offset {offset}",
            where=path,
            remedy=_encoding_hint(content),
        ) from error
    if "\0" in text:
        raise DataError(
            f"not text: byte 0x00 at offset {content.find(0)}",
            where=path,
            remedy=_utf16_hint(content) if _many_zeros(content) else "Remove it; the file may be damaged.",
        )
    return text


def _encoding_hint(content: bytes) -> str:
    known = next((hint for magic, hint in _OTHER_KINDS.items() if content.startswith(magic)), None)
    if known:
        return known
    if _many_zeros(content):
        return _utf16_hint(content)
    # Windows-1252 has signs (quotes, dashes) where Latin 1 has control characters that no text holds.
    encoding = "CP1252" if any(0x80 <= byte < 0xA0 for byte in content) else "LATIN1"
    return f"Save the file as UTF-8, for example with: iconv -f {encoding} -t UTF-8."


def _many_zeros(content: bytes) -> bool:
    """Whether as many bytes are zero as the signs, blanks and line ends alone of a text in UTF-16 have."""
    return 100 * content.count(0) >= len(content)


def _utf16_hint(content: bytes) -> str:
    """The advice for UTF-16 without a mark: zero bytes come first in a character in UTF-16BE, last in LE."""
    order = "BE" if content[::2].count(0) > content[1::2].count(0) else "LE"
    return f"If it is UTF-16 without a byte order mark, convert it: iconv -f UTF-16{order} -t UTF-8."


def read_bytes(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: Where it cannot be opened.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})", where=path) from error


def _unpacked(packed: bytes, path: Path) -> bytes:
    bound = max(_SMALL, _RATIO * len(packed))
    try:
        with gzip.GzipFile(fileobj=BytesIO(packed)) as file:
            content = file.read(bound + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"cannot be unpacked ({error})", where=path, remedy="The file is not gzip, or was cut off."
        ) from error
    if len(content) > bound:
        raise DataError(f"unpacks to more than {bound:,} bytes", where=path, remedy="Unpack it yourself.")
    return content


def split_lines(text: str) -> list[str]:
    r"""Splits a text at CR, LF and CRLF, mixed or not; other separators (U+2028, form feed) end no line.

    >>> split_lines("a\nb\r\nc\rd")
    ['a', 'b', 'c', 'd']
    """
    return _LINE_END.split(text)


def numbered_lines(path: Path, content: bytes | None = None) -> Iterator[tuple[str, str]]:
    """Yields ``(file:line, text)`` of each line that is not blank."""
    for number, line in enumerate(split_lines(read_text(path, content)), start=1):
        if line.strip():
            yield f"{path}:{number}", line


def json_lines(path: Path, content: bytes | None = None) -> Iterator[tuple[str, Json]]:
    """Yields ``(file:line, object)`` of each line that is not blank.

    Raises:
        DataError: On a line that is no JSON object; the message names file, line and column.
    """
    for where, line in numbered_lines(path, content):
        yield where, json_object(line, where)


def json_object(line: str, where: str) -> Json:
    """The JSON object in ``line``, parsed by `strict_json.loads`.

    Raises:
        DataError: Where the line is not one JSON object.
    """
    try:
        content = strict_json.loads(line)
    except strict_json.JSONError as error:
        raise DataError(
            f"not a JSON object ({error.what})",
            where=where,
            remedy="Each line must hold one whole JSON object; the file may have been cut off.",
        ) from error
    if not isinstance(content, dict):
        raise DataError(f"expected a JSON object, got {type(content).__name__}", where=where)
    return content


def json_file(path: Path, content: bytes | None = None) -> Any:
    """The JSON value in a file, parsed by `strict_json.loads`.

    Raises:
        DataError: Where the file is not one JSON value; the message names the line and the key.
    """
    try:
        return strict_json.loads(read_text(path, content))
    except strict_json.JSONError as error:
        jsonl_hint = "One object on each line? Then call it .jsonl." if "Extra data" in error.what else ""
        raise DataError(
            f"not JSON ({error.what})",
            where=f"{path}:{error.line}",
            remedy=jsonl_hint or "The file may have been cut off.",
        ) from error

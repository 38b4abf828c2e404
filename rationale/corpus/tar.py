"""Tar archives of plain files, read as if they meant harm: every header is bounded before it is read.

The standard library reads a long name or an extended header whole, however many gigabytes it says to have;
and follows links, devices and sparse maps. Nothing of that occurs in archives of text, so none of it is read.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

BLOCK = 512  # bytes
MAX_HEADER = 1 << 16  # bytes of a long name or an extended header
MAX_HEADERS = 100_000  # of an archive, members and extended headers alike
_CHUNK = 1 << 20
_FILES, _FOLDER = frozenset(b"0\0007"), ord("5")
_LONG_NAME, _EXTENDED, _GLOBAL = ord("L"), ord("x"), ord("g")
_MAGIC: dict[bytes, Any] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}


class TarError(ValueError):
    """An archive that is damaged, or holds what is not read."""


@dataclass
class Member:
    """A file or folder of an archive.

    Attributes:
        name: Its path, as the archive has it.
        size: Bytes of its content; 0 for a folder.
        is_file: Whether it is a plain file.
        is_folder: Whether it is a folder; if neither, it is a link, a device, a sparse file ...
    """

    name: str
    size: int
    is_file: bool
    is_folder: bool
    _stream: IO[bytes] = field(repr=False)
    _left: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._left = self.size

    def read(self) -> Iterator[bytes]:
        """The content in pieces; to be read before the next member is asked for."""
        while self._left:
            piece = _exactly(self._stream, min(self._left, _CHUNK))
            self._left -= len(piece)
            yield piece

    def skip(self) -> None:
        """Passes over what of the content has not been read."""
        for _ in self.read():
            pass


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where it is compressed with gzip, bzip2 or xz."""
    with path.open("rb") as file:
        head = file.read(6)
    opener = next((opener for magic, opener in _MAGIC.items() if head.startswith(magic)), None)
    with path.open("rb") if opener is None else opener(path, "rb") as stream:
        yield stream


def members(stream: IO[bytes]) -> Iterator[Member]:
    """The files and folders of an archive, in order.

    Args:
        stream: The archive, unpacked; read from its start, and only forwards.

    Raises:
        TarError: On a damaged archive, a header larger than it may be, and more headers than there may be.
    """
    given: str | None = None  # the name that an extended header or a long name gives to the next member
    for number, header in enumerate(_headers(stream)):
        if number >= MAX_HEADERS:
            raise TarError(f"it has more than {MAX_HEADERS:,} members and headers")
        kind, size = header[156], _number(header[124:136])
        if kind in (_LONG_NAME, _EXTENDED, _GLOBAL):
            if size > MAX_HEADER:
                raise TarError(f"it has a header of {size:,} bytes, and {MAX_HEADER:,} are read")
            body = _exactly(stream, size)
            _skip(stream, -size % BLOCK)
            named = body.rstrip(b"\0").decode("utf-8", "replace") if kind == _LONG_NAME else _path(body)
            if kind == _GLOBAL and named is not None:
                raise TarError("it has one path for all members")
            given = given if named is None else named
            continue
        name, given = given or _name(header), None
        is_folder = kind == _FOLDER or (kind in _FILES and name.endswith("/"))
        if is_folder and size:
            raise TarError(f"its folder {name[:80]!r} has a content")
        member = Member(name, size, kind in _FILES and not is_folder, is_folder, stream)
        yield member
        member.skip()
        _skip(stream, -size % BLOCK)


def _headers(stream: IO[bytes]) -> Iterator[bytes]:
    """The header blocks up to the empty one that ends an archive."""
    while any(header := _exactly(stream, BLOCK)):
        # The sum of all bytes, its own field counted as blanks; some writers took bytes for signed.
        rest = header[:148] + b" " * 8 + header[156:]
        expected = _number(header[148:156])
        if expected != sum(rest) and expected != sum(byte - 256 if byte > 127 else byte for byte in rest):
            raise TarError("the checksum of a header is wrong")
        yield header


def _number(octal: bytes) -> int:
    """A number of a header: octal digits, or, where the first bit is set, binary."""
    if octal[0] & 0x80:
        return int.from_bytes(bytes([octal[0] & 0x7F]) + octal[1:], "big")
    digits = octal.strip(b" \0")
    if not all(48 <= digit < 56 for digit in digits):
        raise TarError("a number of a header is none")
    return int(digits or b"0", 8)


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0")[0]
    prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "replace")


def _path(body: bytes) -> str | None:
    """The path that an extended header gives, None where it gives none.

    Raises:
        TarError: Where it says what would change how the archive is read: another size, or sparse files.
    """
    path, place = None, 0
    while place < len(body):
        length, blank, _ = body[place : place + 20].partition(b" ")
        end = place + int(length) if blank and length.isdigit() else 0
        key, equals, value = body[place + len(length) + 1 : end].partition(b"=")
        if end <= place + len(length) + 1 or end > len(body) or not equals or not value.endswith(b"\n"):
            raise TarError("an extended header is damaged")
        if key == b"size" or key.startswith(b"GNU.sparse"):
            raise TarError(
                f"an extended header holds {key.decode('ascii', 'replace')[:40]!r}, which is not read"
            )
        if key == b"path":
            path = value[:-1].decode("utf-8", "replace")
        place = end
    return path


def _exactly(stream: IO[bytes], size: int) -> bytes:
    """That many bytes.

    Raises:
        EOFError: Where the archive ends before.
    """
    pieces: list[bytes] = []
    left = size
    while left:
        piece = stream.read(left)
        if not piece:
            raise EOFError("it ends before its end")
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _skip(stream: IO[bytes], size: int) -> None:
    while size:
        size -= len(_exactly(stream, min(size, _CHUNK)))

"""Reads tar archives of plain files from untrusted sources: a header's size is checked before it is read.

The standard library reads a long name or an extended header whole, whatever size it states, and follows
links, devices and sparse maps. Archives of text hold none of these, so this reader refuses them.
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
    """An archive is damaged, or holds members that are not supported."""


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
    _unread: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._unread = self.size

    def read(self) -> Iterator[bytes]:
        """Yields the content in pieces; read it before requesting the next member."""
        while self._unread:
            piece = _read_exactly(self._stream, min(self._unread, _CHUNK))
            self._unread -= len(piece)
            yield piece

    def skip(self) -> None:
        """Skips the unread rest of the content."""
        for _ in self.read():
            pass


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Opens a file as a stream of bytes, decompressed where it is gzip, bzip2 or xz."""
    with path.open("rb") as file:
        head = file.read(6)
    opener = next((opener for magic, opener in _MAGIC.items() if head.startswith(magic)), None)
    with path.open("rb") if opener is None else opener(path, "rb") as stream:
        yield stream


def members(stream: IO[bytes]) -> Iterator[Member]:
    """Yields the files and folders of an archive, in order.

    Args:
        stream: The decompressed archive; read from its start, and only forwards.

    Raises:
        TarError: On a damaged archive, a header above `MAX_HEADER` bytes, or more than `MAX_HEADERS` headers.
    """
    long_name: str | None = None  # from an extended header or a long name, for the next member
    for number, header in enumerate(_headers(stream)):
        if number >= MAX_HEADERS:
            raise TarError(f"it has more than {MAX_HEADERS:,} members and headers")
        kind, size = header[156], _number(header[124:136])
        if kind in (_LONG_NAME, _EXTENDED, _GLOBAL):
            if size > MAX_HEADER:
                raise TarError(f"it has a header of {size:,} bytes, and {MAX_HEADER:,} are read")
            body = _read_exactly(stream, size)
            _skip(stream, -size % BLOCK)
            member_name = (
                body.rstrip(b"\0").decode("utf-8", "replace") if kind == _LONG_NAME else _extended_path(body)
            )
            if kind == _GLOBAL and member_name is not None:
                raise TarError("a global header gives one path to all members")
            long_name = long_name if member_name is None else member_name
            continue
        name, long_name = long_name or _member_name(header), None
        is_folder = kind == _FOLDER or (kind in _FILES and name.endswith("/"))
        if is_folder and size:
            raise TarError(f"its folder {name[:80]!r} has content")
        member = Member(name, size, kind in _FILES and not is_folder, is_folder, stream)
        yield member
        member.skip()
        _skip(stream, -size % BLOCK)


def _headers(stream: IO[bytes]) -> Iterator[bytes]:
    """Yields the header blocks up to the empty block that ends an archive."""
    while any(header := _read_exactly(stream, BLOCK)):
        # The sum of all bytes, with the checksum's own field as spaces; some writers summed signed bytes.
        summed = header[:148] + b" " * 8 + header[156:]
        expected = _number(header[148:156])
        if expected != sum(summed) and expected != sum(byte - 256 if byte > 127 else byte for byte in summed):
            raise TarError("the checksum of a header is wrong")
        yield header


def _number(octal: bytes) -> int:
    """A number of a header: octal digits, or, where the first bit is set, binary."""
    if octal[0] & 0x80:
        return int.from_bytes(bytes([octal[0] & 0x7F]) + octal[1:], "big")
    digits = octal.strip(b" \0")
    if not all(48 <= digit < 56 for digit in digits):
        raise TarError("a numeric field of a header is not a number")
    return int(digits or b"0", 8)


def _member_name(header: bytes) -> str:
    name = header[:100].split(b"\0")[0]
    prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "replace")


def _extended_path(body: bytes) -> str | None:
    """The path in an extended header; None where it has none.

    Raises:
        TarError: Where it would change how the archive is read: another size, or sparse files.
    """
    path, position = None, 0
    while position < len(body):
        length, blank, _ = body[position : position + 20].partition(b" ")
        end = position + int(length) if blank and length.isdigit() else 0
        key, equals, value = body[position + len(length) + 1 : end].partition(b"=")
        if end <= position + len(length) + 1 or end > len(body) or not equals or not value.endswith(b"\n"):
            raise TarError("an extended header is damaged")
        if key == b"size" or key.startswith(b"GNU.sparse"):
            raise TarError(
                f"an extended header holds {key.decode('ascii', 'replace')[:40]!r}, which is not supported"
            )
        if key == b"path":
            path = value[:-1].decode("utf-8", "replace")
        position = end
    return path


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    """Reads exactly ``size`` bytes.

    Raises:
        EOFError: Where the archive ends earlier.
    """
    pieces: list[bytes] = []
    remaining = size
    while remaining:
        piece = stream.read(remaining)
        if not piece:
            raise EOFError("it is truncated")
        pieces.append(piece)
        remaining -= len(piece)
    return b"".join(pieces)


def _skip(stream: IO[bytes], size: int) -> None:
    while size:
        size -= len(_read_exactly(stream, min(size, _CHUNK)))

"""The reader of archives: sound ones are read as tarfile reads them; bombs are refused before they go off."""

import io
import json
import os
import resource
import tarfile
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rationale.corpus.archive import get_task
from rationale.corpus.tar import MAX_HEADER, TarError, members, unpacked
from rationale.errors import DataError
from tests.children import python

ROW = json.dumps({"annotation_id": "d", "classification": "x", "query": "", "evidences": []}).encode()
GOOD = [("m/val.jsonl", ROW), ("m/docs/d", b"so good\n")]
names = st.text(st.characters(exclude_characters="\0/", exclude_categories=("Cs",)), min_size=1, max_size=130)
paths = (
    st.lists(names, min_size=1, max_size=3)
    .map("/".join)
    .filter(lambda p: p not in (".", "..") and len(p) < 255)
)


def tar(path, files, mode="w", **options):
    with tarfile.open(path, mode, **options) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(paths, st.binary(max_size=1500)), max_size=5),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.sampled_from(["", ":gz", ":bz2", ":xz"]),
)
def test_what_tarfile_writes_is_read_as_tarfile_reads_it(tmp_path_factory, files, form, compression):
    path = tar(tmp_path_factory.mktemp("tar") / "a", files, f"w{compression}", format=form)
    with tarfile.open(path) as archive:
        expected = [(m.name, archive.extractfile(m).read()) for m in archive if m.isreg()]
    with unpacked(path) as stream:
        found = [(m.name, b"".join(m.read())) for m in members(stream)]
    assert [(name.rstrip("/"), content) for name, content in found] == expected


def test_contents_may_be_left_unread(tmp_path):
    path = tar(tmp_path / "a", [("a", b"x" * 5000), ("b", b""), ("c", b"y")], format=tarfile.USTAR_FORMAT)
    with unpacked(path) as stream:
        assert [(m.name, m.size, m.is_file) for m in members(stream)] == [
            ("a", 5000, True),
            ("b", 0, True),
            ("c", 1, True),
        ]


def header(kind, size, name=b"x"):
    block = bytearray(512)
    block[: len(name)] = name
    block[124:136] = b"%011o\0" % size
    block[156:157] = kind
    block[257:265] = b"ustar\00000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(content):
    return content + b"\0" * (-len(content) % 512)


def bomb(path, head, size):
    """A gzipped archive of a header and as many zeros as it says, and more."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with path.open("wb") as file:
        file.write(packer.compress(head))
        for _ in range(size >> 20):
            file.write(packer.compress(b"a" * (1 << 20)))
        file.write(packer.flush())
    return path


def refused(tmp_path, packed, *, measured=True):
    """The message, after making sure that it is one line, needed little memory and left nothing."""
    if measured:
        tracemalloc.start()
    try:
        with pytest.raises(DataError) as caught:
            get_task("movies", tmp_path / "out", archive=packed)
        peak = tracemalloc.get_traced_memory()[1] if measured else 0
    finally:
        tracemalloc.stop()
    assert peak < 32 << 20
    assert "\n" not in str(caught.value)
    assert not [entry.name for entry in tmp_path.iterdir() if "out" in entry.name]
    return str(caught.value)


@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g"])
def test_headers_larger_than_any_name_are_not_read(tmp_path, kind):
    said = refused(tmp_path, bomb(tmp_path / "a.tar.gz", header(kind, 64 << 20), 64 << 20))
    assert f"header of {64 << 20:,} bytes, and {MAX_HEADER:,} are read" in said or "neither a file" in said


def test_a_name_may_not_be_longer_than_a_file_can_have(tmp_path):
    said = refused(tmp_path, tar(tmp_path / "a.tar", [*GOOD, ("m/docs/" + "n" * 5000, b"")]))
    assert "has a longer name than a file can have" in said
    assert len(said) < 500


@pytest.mark.parametrize("kind", [b"S", b"3", b"4", b"6", b"2", b"1", b"D", b"M", b"V", b"N"])
def test_only_files_and_folders_are_read(tmp_path, kind):
    (tmp_path / "a.tar").write_bytes(header(kind, 0) + bytes(1024))
    assert "is neither a file nor a folder" in refused(tmp_path, tmp_path / "a.tar")


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (b"13 size=9999\n", "an extended header holds 'size', which is not supported"),
        (b"22 GNU.sparse.major=1\n", "'GNU.sparse.major', which is not supported"),
        (b"9 path=a\n7 pa", "an extended header is damaged"),
        (b"999 path=a\n", "an extended header is damaged"),
        (b"path\n", "an extended header is damaged"),
        (b"0 path=a\n", "an extended header is damaged"),
    ],
)
def test_extended_headers_that_change_how_the_archive_is_read(tmp_path, records, said):
    (tmp_path / "a.tar").write_bytes(
        header(b"x", len(records)) + padded(records) + header(b"0", 0) + bytes(1024)
    )
    assert said in refused(tmp_path, tmp_path / "a.tar")


def test_a_member_that_is_there_twice(tmp_path):
    for twice in ("m/val.jsonl", "m/./val.jsonl", "m//docs/d"):
        said = refused(tmp_path, tar(tmp_path / "a.tar", [*GOOD, (twice, b"other")]))
        assert "occurs twice. Nothing has been unpacked." in said


def test_control_characters_in_names(tmp_path):
    said = refused(tmp_path, tar(tmp_path / "a.tar", [*GOOD, ("m/docs/\x1b[31m\nx", b"")]))
    assert "has a control character in its name" in said


@pytest.mark.slow
def test_a_hundred_thousand_members(tmp_path):
    (tmp_path / "a.tar").write_bytes(header(b"0", 0, b"._x") * 100_001 + bytes(1024))
    said = refused(tmp_path, tmp_path / "a.tar", measured=False)  # measuring makes it ten times slower
    assert "more than 100,000 members and headers" in said


def test_a_file_of_gigabytes_that_was_packed_to_nothing(tmp_path):
    """Known by its header: what is behind that is too short, and nobody gets so far as to say so."""
    said = refused(tmp_path, bomb(tmp_path / "a.tar.gz", header(b"0", 3 << 30, b"m/docs/big"), 1 << 20))
    assert "unpacks to more than 268,435,456 bytes" in said


@pytest.mark.parametrize(
    "size", [b"77777777777\0", b"\x80" + b"\xff" * 11, b"-0000000001\0", b"abc\0\0\0\0\0\0\0\0\0"]
)
def test_sizes_that_cannot_be(tmp_path, size):
    block = bytearray(header(b"0", 0))
    block[124:136] = size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    (tmp_path / "a.tar").write_bytes(bytes(block) + bytes(1024))
    assert refused(tmp_path, tmp_path / "a.tar")


def test_damaged_headers(tmp_path):
    whole = tar(tmp_path / "a.tar", GOOD).read_bytes()
    for place in (3, 130, 1024 + 7, 1024 + 156):
        broken = bytearray(whole)
        broken[place] ^= 5
        with pytest.raises((TarError, EOFError)):
            [m.skip() for m in members(io.BytesIO(bytes(broken)))]
    with pytest.raises(EOFError):
        [m.skip() for m in members(io.BytesIO(whole[:1600]))]


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_not_read(tmp_path, kind):
    path = tmp_path / "a.tar"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    assert "this is a folder, a device or a pipe" in refused(tmp_path, path)


KILLED = """
import os, signal, sys
from rationale.corpus import archive
archive._data_folder = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
archive.get_task("movies", sys.argv[1], archive=sys.argv[2])
"""


def test_a_killed_run_leaves_nothing_that_the_next_does_not_remove(tmp_path):
    packed = tar(tmp_path / "a.tar", GOOD)
    assert python("-c", KILLED, tmp_path / "out", packed).returncode < 0
    left = [entry.name for entry in tmp_path.iterdir() if entry != packed]
    assert len(left) == 1
    assert left[0].startswith(".out.work.")
    get_task("movies", tmp_path / "out", archive=packed)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.tar", "out"]


def test_memory_is_bounded_for_the_whole_process(tmp_path):
    """With 3 GB of address space, a long name of 2 GiB is refused, and not run out on."""
    packed = bomb(tmp_path / "a.tar.gz", header(b"L", 2 << 30), 8 << 20)
    run = (
        "import sys; from rationale.corpus.archive import get_task\n"
        "from rationale.errors import DataError\n"
        "try: get_task('movies', sys.argv[1], archive=sys.argv[2])\n"
        "except DataError as error: print(error)"
    )
    limit = 3 << 30
    done = python(
        "-c",
        run,
        tmp_path / "out",
        packed,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert "it has a header of 2,147,483,648 bytes" in done.stdout, done.stderr

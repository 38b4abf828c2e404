"""Archives: whole or absent, verified, and nothing they do leaves the folder."""

import hashlib
import http.server
import io
import json
import os
import tarfile
import threading
from pathlib import Path

import pytest

from rationale.corpus import load_documents
from rationale.corpus.archive import get_task, unpack
from rationale.corpus.tasks import TASKS
from rationale.errors import DataError, OutputError, RationaleError

ROW = {
    "annotation_id": "d",
    "classification": "POS",
    "evidences": [[{"docid": "d", "start_token": 1, "end_token": 2}]],
    "query": "",
}
GOOD = {"movies/val.jsonl": json.dumps(ROW), "movies/docs/d": "so good\n"}


def tar(path, files, *, members=(), mode="w:gz"):
    """An archive of text files and of further members as given."""
    with tarfile.open(path, mode) as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
        for member in members:
            archive.addfile(member, io.BytesIO(b"\0" * member.size))
    return path


def member(name, **fields):
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def message(*args, error=DataError, **options):
    with pytest.raises(error) as caught:
        get_task(*args, **options)
    return str(caught.value)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("prefix", ["", "movies/", "./data/movies/"])
def test_an_archive_becomes_a_folder_that_knows_its_source(tmp_path, mode, prefix):
    files = {prefix + name.removeprefix("movies/"): text for name, text in GOOD.items()}
    packed = tar(tmp_path / "movies.tar.any", files, mode=mode)
    checksum = hashlib.sha256(packed.read_bytes()).hexdigest()
    out = get_task("movies", tmp_path / "new" / "out", archive=packed, sha256=checksum.upper())
    assert load_documents(out, "val")[0].rationale.tolist() == [False, True]
    source = json.loads((out / "SOURCE.json").read_text())
    assert source == {
        "task": "movies",
        "archive": "movies.tar.any",
        "sha256": checksum,
        "bytes": packed.stat().st_size,
        "retrieved": source["retrieved"],
    }
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


def test_leftovers_of_macos_are_left_out(tmp_path):
    files = {**GOOD, "movies/._val.jsonl": "x", "__MACOSX/movies/val.jsonl": "x", "movies/.DS_Store": "x"}
    out = get_task("movies", tmp_path / "out", archive=tar(tmp_path / "a.tar.gz", files))
    assert sorted(path.name for path in out.iterdir()) == ["SOURCE.json", "docs", "val.jsonl"]


HOSTILE = {
    "parent": member("movies/../../evil", size=1),
    "absolute": member("/tmp/evil-absolute", size=1),
    "backslash": member("movies\\..\\..\\evil", size=1),
    "symbolic link": member("movies/docs/l", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "relative link": member("movies/docs/l", type=tarfile.SYMTYPE, linkname="../../../evil"),
    "hard link": member("movies/docs/l", type=tarfile.LNKTYPE, linkname="movies/val.jsonl"),
    "device": member("movies/docs/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "pipe": member("movies/docs/pipe", type=tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_members_are_refused_and_nothing_is_left(tmp_path, kind):
    workplace = tmp_path / "deep" / "inside"
    workplace.mkdir(parents=True)
    packed = tar(workplace / "a.tar.gz", GOOD, members=[HOSTILE[kind]])
    said = message("movies", workplace / "out", archive=packed)
    assert said.startswith(f"{packed}: the archive's member {HOSTILE[kind].name!r} ")
    assert said.endswith("Nothing has been unpacked. Do not trust this archive.")
    assert [path.name for path in tmp_path.rglob("*")] == ["deep", "inside", "a.tar.gz"]
    assert not Path("/tmp/evil-absolute").exists()


def test_an_archive_that_grows_without_end(tmp_path):
    packed = tar(tmp_path / "a.tar.gz", GOOD, members=[member("movies/docs/big", size=5_000_000)])
    assert packed.stat().st_size < 50_000
    said = message("movies", tmp_path / "out", archive=packed, largest=1_000_000)
    assert said == f"{packed}: the archive unpacks to more than 1,000,000 bytes."
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


@pytest.mark.parametrize("cut", [1, 30, 0.5, 0.8])
@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz", "w"])
def test_a_damaged_archive(tmp_path, cut, mode):
    packed = tar(tmp_path / "a.tar", {**GOOD, "movies/docs/e": os.urandom(30_000).hex()}, mode=mode)
    whole = packed.read_bytes()
    packed.write_bytes(whole[: cut if cut >= 1 else int(len(whole) * cut)])
    said = message("movies", tmp_path / "out", archive=packed)
    assert said.startswith(f"{packed}: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"<html>moved</html>" * 100])
def test_no_archive_at_all(tmp_path, content):
    (tmp_path / "a.tar.gz").write_bytes(content)
    said = message("movies", tmp_path / "out", archive=tmp_path / "a.tar.gz")
    assert "cannot be unpacked (" in said
    assert "not a tar archive of plain files, or was cut off" in said


def test_members_that_contradict_each_other(tmp_path):
    packed = tar(tmp_path / "a.tar", {**GOOD, "movies/docs/d/e": "x"})
    assert "cannot be unpacked" in message("movies", tmp_path / "out", archive=packed)


def test_an_archive_of_something_else(tmp_path):
    packed = tar(tmp_path / "a.tar", {"README": "hello"})
    said = message("movies", tmp_path / "out", archive=packed)
    assert (
        said == f"{packed}: holds no data in the benchmark's layout. Expected {{split}}.jsonl beside docs/."
    )


def test_another_checksum(tmp_path):
    packed = tar(tmp_path / "a.tar", GOOD)
    said = message("movies", tmp_path / "out", archive=packed, sha256="0" * 64)
    found = hashlib.sha256(packed.read_bytes()).hexdigest()
    assert said.startswith(f"{packed}: the archive's SHA-256 is {found}, expected {'0' * 64}. ")
    assert not (tmp_path / "out").exists()


def test_what_is_asked_for_must_make_sense(tmp_path):
    packed = tar(tmp_path / "a.tar", GOOD)
    assert "Did you mean 'movies'?" in message("movie", tmp_path / "out", error=RationaleError)
    assert "Pass one of them" in message("x", tmp_path / "out", url="http://x", archive=packed)
    assert "cannot be read (No such file" in message("x", tmp_path / "out", archive=tmp_path / "gone")
    assert "only http and https" in message("x", tmp_path / "out", url="file:///etc/passwd")


def test_an_earlier_folder_stays_unless_it_may_be_replaced(tmp_path):
    packed = tar(tmp_path / "a.tar", GOOD)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("keep")
    (tmp_path / "out" / "SOURCE.json").write_text("{}")
    assert "exists already" in message("movies", tmp_path / "out", archive=packed, error=OutputError)
    broken = tar(tmp_path / "b.tar", {"x": "y"})
    message("movies", tmp_path / "out", archive=broken, overwrite=True)
    assert (tmp_path / "out" / "mine").read_text() == "keep"
    with pytest.raises(OutputError, match="an earlier output: 'mine'"):
        get_task("movies", tmp_path / "out", archive=packed, overwrite=True)
    (tmp_path / "out" / "mine").unlink()
    get_task("movies", tmp_path / "out", archive=packed, overwrite=True)
    assert load_documents(tmp_path / "out", "val")


@pytest.fixture
def server(tmp_path):
    """Serves files of a folder on this machine; ``short`` promises more bytes than it sends."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def do_GET(self):
            if self.path != "/short":
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            return self.wfile.write(b"x" * 10)

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_fetching(tmp_path, server):
    folder, address = server
    packed = tar(folder / "movies.tar.gz", GOOD)
    out = get_task("movies", tmp_path / "out", url=f"{address}/movies.tar.gz")
    source = json.loads((out / "SOURCE.json").read_text())
    assert source["url"] == f"{address}/movies.tar.gz"
    assert source["sha256"] == hashlib.sha256(packed.read_bytes()).hexdigest()
    assert len(load_documents(out, "val")) == 1


def test_fetching_that_fails(tmp_path, server):
    _, address = server
    said = message("movies", tmp_path / "out", url=f"{address}/gone")
    assert said.startswith(f"{address}/gone: cannot be downloaded (HTTP Error 404")
    assert said.endswith("Download it by other means and pass it with --archive.")
    assert message("x", tmp_path / "out", url=f"{address}/short") == (
        f"{address}/short: 10 of 1,000 bytes arrived. Try again."
    )
    assert "cannot be downloaded" in message("x", tmp_path / "out", url="http://127.0.0.1:1/x")
    assert not (tmp_path / "out").exists()


def test_fetching_too_much(tmp_path, server):
    folder, address = server
    (folder / "big").write_bytes(b"x" * 100_000)
    said = message("x", tmp_path / "out", url=f"{address}/big", largest=50_000)
    assert said == f"{address}/big: the archive is larger than 50,000 bytes."


def test_the_benchmarks_own_addresses():
    assert TASKS.get("movies").url == "https://www.eraserbenchmark.com/zipped/movies.tar.gz"
    assert list(TASKS) == ["movies", "multirc", "boolq", "fever", "evidence_inference", "esnli", "cose"]


@pytest.mark.parametrize("task", ["movies", "multirc"])
def test_evidence_of_the_benchmark_quotes_the_words_at_its_indices(task, tmp_path):
    shared = Path(os.environ.get("RATIONALE_SHARED", Path(__file__).parents[2].parent / "shared"))
    packed = shared / "data" / "eraser" / f"{task}.tar.xz"
    if not packed.is_file():
        pytest.skip(f"{packed} is not here (RATIONALE_SHARED)")
    unpack(packed, tmp_path / "content")
    folder = tmp_path / "content" / task
    documents = {d.key: d for d in load_documents(folder, "val")}
    checked = 0
    for line in (folder / "val.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for item in (item for group in row["evidences"] for item in group):
            words = documents[row["annotation_id"], item["docid"]].words
            assert " ".join(words[item["start_token"] : item["end_token"]]) == item["text"]
            checked += 1
    assert checked > len(documents)

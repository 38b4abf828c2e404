"""A file of predictions is read once: its digest is that of the bytes that its rows come from."""

import csv
import gzip
import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rationale.agreement import agree
from rationale.corpus import Document, Documents, Span
from rationale.errors import DataError
from rationale.predictions import load_predictions
from rationale.predictions.files import PredictionFile
from rationale.predictions.recorded import recorded_options

DOCUMENTS = Documents(
    [Document(name, name, tuple("abcd"), label="POS", spans=(Span(0, 2),)) for name in ("1", "2")]
)
ROWS = [{"id": "1", "mask": [1, 0, 0, 1]}, {"id": "2", "mask": [0, 1, 1, 0]}]


def write(path):
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif path.suffix in (".csv", ".tsv"):
        with path.open("w", newline="") as file:
            rows = csv.writer(file, delimiter="," if path.suffix == ".csv" else "\t")
            rows.writerows([["id", "mask"], *([row["id"], json.dumps(row["mask"])] for row in ROWS)])
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.write_text(json.dumps(ROWS) if path.suffix == ".json" else lines)
    return path


@pytest.mark.parametrize("name", ["p.jsonl", "p.json", "p.csv", "p.tsv", "p.parquet", "p.jsonl.gz"])
def test_what_was_read_is_enough(tmp_path, name):
    path = write(tmp_path / name)
    expected, read = hashlib.sha256(path.read_bytes()).hexdigest(), PredictionFile.of(path)
    path.unlink()
    predictions = load_predictions(read, DOCUMENTS, progress=False)
    (method,) = predictions.methods
    assert [one.given[method].tolist() for one in predictions] == [row["mask"] for row in ROWS]
    assert predictions.report.sha256 == read.sha256 == expected
    options = recorded_options(read, agree(predictions, DOCUMENTS, resamples=20).recipe)
    assert options == predictions.report.options


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        PredictionFile.of(tmp_path)
    with pytest.raises(DataError, match=r"cannot be read.*gone.csv|gone.csv.*cannot be read"):
        load_predictions(tmp_path / "gone.csv", DOCUMENTS)

"""Broken inputs are read as a second reader reads them, or refused; nothing else may happen.

``RATIONALE_MUTANTS=5000`` tries as many, over all formats; the seed of each is its number.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from rationale.corpus import load_documents
from rationale.corpus.check import check_data
from rationale.corpus.convert import convert_data
from rationale.errors import RationaleError
from tests.corpus import mutants
from tests.corpus import oracle_reader as oracle

MUTANTS = int(os.environ.get("RATIONALE_MUTANTS", "2100"))
ORACLES = {
    "eraser": oracle.read_eraser,
    "docs.jsonl": oracle.read_eraser,
    "jsonl": oracle.read_jsonl,
    "json": oracle.read_json,
    "csv": oracle.read_csv,
    "tsv": oracle.read_tsv,
    "squad": oracle.read_squad,
}


def as_records(documents):
    return [
        oracle.Record(
            d.exported_id,
            d.docid,
            d.words,
            d.label,
            d.query,
            d.query_first,
            tuple((s.start, s.end, s.group) for s in d.spans),
            d.annotated,
        )
        for d in documents
    ]


def right_reading(kind, source):
    """What the oracle reads, and why it refuses where it does."""
    try:
        return ORACLES[kind](source), ""
    except oracle.Refused as why:
        return None, str(why)


def told(source):
    """What ``data check`` says, which must never fail."""
    return [line for split in check_data(source) for line in (*split.problems, *split.notes)]


def outcome(kind, source, folder, *, converts):
    expected, why = right_reading(kind, source)
    try:
        documents = load_documents(source, "val" if kind in ("eraser", "docs.jsonl") else None)
    except RationaleError as error:
        if "\n" in str(error):
            return f"wrong: an error of several lines: {error}"
        return "refused" if expected is None else "refused, could be read"
    told(source)
    if expected is None:
        return f"wrong: accepted what is refused for: {why}"
    if as_records(documents) != expected:
        return f"wrong: {as_records(documents)} for {expected}"
    if converts:
        try:
            again = load_documents(convert_data(source, folder / "converted"), documents.split or "data")
        except RationaleError:
            return "right"
        if again.fingerprint != documents.fingerprint:
            return "wrong: another after conversion"
    return "right"


@pytest.mark.slow
@pytest.mark.parametrize("kind", mutants.FORMATS)
def test_broken_inputs_are_read_right_or_refused(kind, tmp_path, caplog):
    counts = Counter()
    for seed in range(-(-MUTANTS // len(mutants.FORMATS))):
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            source = mutants.mutant(seed, kind, folder)
            found = outcome(kind, source, folder, converts=seed % 5 == 0)
        except Exception as error:
            error.add_note(f"{kind}, seed {seed}: {folder}")
            raise
        assert not found.startswith("wrong"), f"{kind}, seed {seed}, {folder}: {found}"
        counts[found] += 1
    report = os.environ.get("RATIONALE_MUTANTS_REPORT")
    if report:
        with Path(report).open("a", encoding="utf-8") as file:
            file.write(f"{kind}: {dict(counts)}\n")
    # The test says nothing unless much is read, and much is refused.
    assert counts["right"] > 0.15 * counts.total()
    assert counts["refused"] > 0.15 * counts.total()
    assert counts["refused, could be read"] <= 0.02 * counts.total() + 1

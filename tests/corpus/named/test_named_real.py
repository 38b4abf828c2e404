"""The counts of the real corpora, where they are at hand; nothing of them is in the repository."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rationale.agreement.annotators import chance_ap, krippendorff, pairwise_f1
from rationale.agreement.gold import standard
from rationale.agreement.human import chance, human_ceiling
from rationale.agreement.measure import AgreementOptions
from rationale.corpus import load_documents
from rationale.corpus.archive import unpack
from rationale.corpus.document import Documents
from rationale.corpus.named.convert import convert_named
from rationale.corpus.named.reader import named_splits, read_named
from tests.places import ROOT

pytestmark = pytest.mark.slow

SHARED = Path(os.environ.get("RATIONALE_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A function that unpacks a corpus and gives its folder."""
    home = tmp_path_factory.mktemp("corpora")

    def folder(name):
        packed = SHARED / "data" / "rationales" / f"{name}.tar.xz"
        if not packed.is_file():
            pytest.skip(f"{packed} is not here (RATIONALE_SHARED)")
        if not (home / name).exists():
            unpack(packed, home / name)
        return home / name

    return folder


def states(documents):
    return Counter(mark.state for document in documents for mark in document.marks)


def noted(corpus, what):
    """How many a note counts."""
    (line,) = [note for note in corpus.notes if what in note]
    return int(line.split()[0].replace(",", ""))


def test_hatexplain(corpus):
    read = read_named("hatexplain", corpus("hatexplain_val"))
    documents = read.documents
    assert len(documents) == 1922
    masks = Counter(len(document.asked) for document in documents)
    assert masks[2] + masks[3] == 1141
    assert set(masks) == {0, 2, 3}
    normal = Counter(sum(m.label == "normal" for m in d.marks) for d in documents if not d.asked)
    assert normal == {3: 524, 2: 257}  # 257: one label that is not normal, and no mask
    three = [d for d in documents if len(d.asked) == 2 and len(d.marks) == 2]
    assert len(three) == 431  # nobody said normal, two masks
    assert noted(read, "no mask") == 257 + 431
    assert states(documents) == {"marked": 2 * masks[2] + 3 * masks[3], "not_asked": 3 * 524 + 2 * 257 + 295}


def test_toxic_spans_raw(corpus):
    read = read_named("toxic-spans", corpus("toxic_spans"), "raw")
    assert len(read.documents) == 16_100
    assert noted(read, "second on a comment") == 1
    without, whole, unanswered = (
        noted(read, "no other span"),
        noted(read, "every word"),
        noted(read, "neither"),
    )
    assert (whole, unanswered) == (50, 908)
    counted = states(read.documents)
    assert counted.total() == 59_215 - 1
    assert counted["marked"] == 37_072 - without + whole
    assert counted["nothing"] == 21_185 - 1
    assert counted["not_asked"] == unanswered + without
    assert noted(read, "end behind their comment") == 94
    assert without == 78


def test_toxic_spans_of_semeval(corpus):
    source = corpus("toxic_spans")
    assert named_splits("toxic-spans", source) == ["train", "trial", "raw"]
    for split, size, nothing in (("train", 7939, 485), ("trial", 690, 43)):
        documents = read_named("toxic-spans", source, split).documents
        assert states(documents) == {"marked": size - nothing, "nothing": nothing}


def test_cose(corpus):
    read = read_named("cose", corpus("cose_train"))
    assert len(read.documents) == 7610
    assert noted(read, "not found") == 45
    assert states(read.documents) == {"marked": 7565, "not_asked": 45}
    rows = read_named("cose", corpus("cose_train"), true_false=True).documents
    assert Counter(document.label for document in rows) == {"True": 7610, "False": 2 * 7610}
    assert sum(document.annotated for document in rows) == 7565


def test_fair_rationales(corpus):
    source = corpus("fair_rationales")
    documents = read_named("fair-rationales", source, "SST").documents
    assert len(documents) == 263
    assert {len(document.asked) for document in documents} == {6}
    assert states(documents) == {"marked": 1578}
    assert sum(mark.label == "no sentiment" for document in documents for mark in document.marks) == 129
    documents = read_named("fair-rationales", source, "cose").documents
    assert len(documents) == 500
    assert {len(document.asked) for document in documents} == {6}
    assert states(documents) == {"marked": 2953, "nothing": 47}
    read = read_named("fair-rationales", source, "cose", true_false=True)
    assert sum(document.label == "True" for document in read.documents) == 500 - noted(read, "nobody chose")
    assert states(read.documents)["marked"] == 2953


def test_evidence_inference(corpus):
    source = corpus("evidence_inference_abstracts")
    assert named_splits("evidence-inference", source) == ["train", "validation", "test"]
    reads = {
        split: read_named("evidence-inference", source, split) for split in ("train", "validation", "test")
    }
    sizes = {split: len(read.documents) for split, read in reads.items()}
    assert sizes == {"train": 857, "validation": 113, "test": 120}
    left = sum(noted(r, "no evidence in") + noted(r, "without an abstract") for r in reads.values())
    assert sum(sizes.values()) + left == 2444  # each prompt is a document or counted
    assert {noted(read, "found invalid") for read in reads.values()} == {403}
    assert {d.label for read in reads.values() for d in read.documents} == {
        "significantly increased",
        "significantly decreased",
        "no significant difference",
        None,
    }


def test_expmrc(corpus):
    documents = read_named("expmrc", corpus("expmrc_squad_dev")).documents
    assert len(documents) == 501
    assert Counter(len(document.spans) for document in documents) == {1: 341, 2: 160}


def test_vihos(corpus):
    source = corpus("vihos")
    train, dev = (read_named("vihos", source, split).documents for split in ("train", "dev"))
    assert states(train) == {"marked": 8844 - 4552, "nothing": 4552}
    assert states(dev) == {"marked": 1106 - 569, "nothing": 569}


@pytest.mark.parametrize(
    ("name", "folder", "split"),
    [
        ("hatexplain", "hatexplain_val", None),
        ("toxic-spans", "toxic_spans", "trial"),
        ("toxic-spans", "toxic_spans", "raw"),
        ("cose", "cose_train", None),
        ("evidence-inference", "evidence_inference_abstracts", "validation"),
        ("fair-rationales", "fair_rationales", "SST"),
        ("fair-rationales", "fair_rationales", "cose"),
        ("expmrc", "expmrc_squad_dev", None),
        ("vihos", "vihos", "dev"),
    ],
)
def test_what_is_written_is_read_back_equal(corpus, tmp_path, name, folder, split):
    out = tmp_path / "out.jsonl"
    ((_, read),) = convert_named(name, corpus(folder), out, split=split).items()
    assert list(load_documents(out)) == list(read.documents)


def left_out(mask, own):
    """AP, F1 and FPR of the other annotators against one, by plain scikit-learn and numpy."""
    from sklearn.metrics import average_precision_score

    truth = mask[own]
    if truth.all() or not truth.any():
        return (np.nan,) * 3
    share = np.delete(mask, own, axis=0).mean(axis=0)
    chosen = share >= 0.5 - 1e-12
    f1 = 2 * (truth & chosen).sum() / (truth.sum() + chosen.sum())
    return average_precision_score(truth, share), f1, (chosen & ~truth).sum() / (~truth).sum()


def mean_defined(values):
    defined = np.array(values)[~np.isnan(values)]
    return defined.mean() if len(defined) else np.nan


def ceiling(masks):
    """The row of a table of human ceilings."""
    each = [[left_out(mask, own) for own in range(len(mask))] for mask in masks]
    ap, f1, fpr = (np.array([mean_defined(rows) for rows in map(list, column)]) for column in by_column(each))
    chance = [
        mean_defined(chance_ap(mask.sum(axis=1, dtype=np.int64), np.full(len(mask), mask.shape[1])))
        for mask in masks
    ]
    return {
        "docs": len(masks),
        "share": np.mean([mask.mean() for mask in masks]),
        "pairwise F1": np.mean([pairwise_f1(mask) for mask in masks]),
        "AP ceiling": np.nanmean(ap),
        "chance": np.nanmean(chance),
        "F1 of others' majority": np.nanmean(f1),
        "FPR": np.nanmean(fpr),
        "alpha": krippendorff(masks).alpha(),
        "left out": sum(int(np.isnan(value[0])) for rows in each for value in rows),
    }


def by_column(each):
    return ([[value[number] for value in rows] for rows in each] for number in range(3))


def same_label(document):
    """The document with those annotators alone who gave the majority's label."""
    return replace(document, marks=tuple(mark for mark in document.marks if mark.label == document.label))


HATEXPLAIN = (1141, 0.279, 0.6290, 0.6556, 0.3521, 0.6128, 0.2250, 0.3834, 140)
SST_MAJORITY = (263, 0.301, 0.5728, 0.7533, 0.4109, 0.6390, 0.1270, 0.3976, 10)
SST_ALL = (263, 0.298, 0.5234, 0.7216, 0.4062, 0.5940, 0.1168, 0.3481, 19)


@pytest.mark.parametrize(
    ("name", "folder", "split", "kept", "expected"),
    [
        ("hatexplain", "hatexplain_val", None, None, HATEXPLAIN),
        ("fair-rationales", "fair_rationales", "SST", same_label, SST_MAJORITY),
        ("fair-rationales", "fair_rationales", "SST", None, SST_ALL),
    ],
)
def test_the_table_of_human_ceilings(corpus, name, folder, split, kept, expected):
    read = list(read_named(name, corpus(folder), split).documents)
    chosen = [document for document in map(kept or (lambda d: d), read) if len(document.masks) >= 2]
    found = ceiling([document.masks for document in chosen])
    assert (found["docs"], found["left out"]) == (expected[0], expected[-1])
    assert round(found["share"], 3) == expected[1]
    assert [round(value, 4) for value in list(found.values())[2:-1]] == pytest.approx(
        expected[2:-1], abs=6e-5
    )
    shared = {document.key for document in chosen}
    documents = Documents(document for document in read if document.key in shared)
    golds = standard(documents, "each", same_label=kept is not None)
    assert golds.counts.left_out == expected[-1]
    of_humans, of_chance = human_ceiling(golds, AgreementOptions()), chance(shared, golds)
    ours = {
        (place.method, place.metric): np.nanmean(values)
        for measured in (of_humans, of_chance)
        for place, values in measured.parts.items()
    }
    places = [("human", "ap"), ("human", "token_f1"), ("human", "fpr"), ("chance", "ap")]
    rows = ["AP ceiling", "F1 of others' majority", "FPR", "chance"]
    assert [ours[place] for place in places] == pytest.approx([found[row] for row in rows], abs=1e-12)

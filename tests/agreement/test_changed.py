"""Agreement says when labels or rationales are not those of the data that was scored."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from rationale.agreement import agree
from rationale.agreement.result import Agreement
from rationale.artifacts.provenance import Changed
from rationale.corpus.document import Documents, Span
from tests.agreement.making import document
from tests.handmade import scored, scores_of

ITEMS = [document(str(number), 5, [(number % 4, number % 4 + 1)], label="POS") for number in range(6)]


def scores():
    rng = np.random.default_rng(0)
    own = Documents(ITEMS, source="made")
    return scores_of([scored(item, {"m": rng.random(5)}) for item in own], own)


def with_first(**change):
    return Documents([replace(ITEMS[0], **change), *ITEMS[1:]], source="made")


CHANGES = [
    ({}, {}, None),
    ({"label": "NEG"}, {"labels": 1, "rationales": False}, "the labels of 1 documents changed"),
    ({"label": None}, {"labels": 1, "rationales": False}, "the labels of 1 documents changed"),
    ({"spans": (Span(4, 5),)}, {"labels": 0, "rationales": True}, "rationales changed"),
    ({"spans": ()}, {"labels": 0, "rationales": True}, "rationales changed"),
    ({"spans": (), "annotated": False}, {"labels": 0, "rationales": True}, "rationales changed"),
    (
        {"label": "NEG", "spans": (Span(4, 5),)},
        {"labels": 1, "rationales": True},
        "the labels of 1 documents and rationales changed",
    ),
]


@pytest.mark.parametrize(("change", "recorded", "said"), CHANGES)
def test_what_changed_is_said_and_recorded(change, recorded, said, caplog, tmp_path):
    with caplog.at_level(logging.WARNING, logger="rationale"):
        agreement = agree(scores(), with_first(**change), resamples=5)
    assert agreement.recipe.agreement.changed_since_scoring == Changed(**recorded)
    told = [message for message in caplog.messages if "since the documents were scored" in message]
    assert [said in message for message in told] == ([] if said is None else [True])
    agreement.save(tmp_path / "agreement.json")
    assert Agreement.load(tmp_path / "agreement.json").recipe == agreement.recipe


def test_a_sample_of_unchanged_documents_is_unchanged(caplog):
    own = Documents(ITEMS[1:4], source="made")
    part = scores_of([scored(item, {"m": np.arange(5)}) for item in own], own)
    with caplog.at_level(logging.WARNING, logger="rationale"):
        found = agree(part, Documents(reversed(ITEMS), source="made"), resamples=5)
    assert found.recipe.agreement.changed_since_scoring == Changed()
    assert not any("since the documents were scored" in message for message in caplog.messages)
    changed = agree(part, with_first(label="NEG"), resamples=5)  # not one of the sample
    assert changed.recipe.agreement.changed_since_scoring == Changed()


def test_scores_that_recorded_no_fingerprint_are_read(caplog):
    old = scores()
    old.recipe = replace(old.recipe, data=replace(old.recipe.data, fingerprint=None))
    assert (
        agree(old, with_first(label="NEG"), resamples=5).recipe.agreement.changed_since_scoring == Changed()
    )

"""Human ceiling and chance: what one annotator reaches against the others, and what a random order reaches.

The ceiling is leave-one-out: of every document with several annotators, each annotator is in turn the human
rationale; the share of the others who marked a word is its score, and the words that at least half of them
marked are selected. It is not an upper bound: a mean over many annotators may beat one person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from rationale.agreement.annotator_agreement import alpha_interval, annotator_agreement
from rationale.agreement.annotators import chance_ap
from rationale.agreement.gold import Standard
from rationale.agreement.joined import mean_over_annotators
from rationale.agreement.measure import AgreementOptions, Measured, Place, measure
from rationale.artifacts.provenance import Annotators, Provenance, ScoredData, ScoredMethod, ScoredModel
from rationale.corpus.document import Document, Documents, Key
from rationale.scores.families import CHANCE, HUMAN
from rationale.scores.of_words import scored_words
from rationale.scores.scored import ScoredDocument
from rationale.scores.store import MemoryScores

CEILING = ScoredMethod(
    title="Human (leave one out)",
    definition="Each annotator against the others: a word's score is the share of the others who marked it, "
    "and the words that at least half of them marked are selected. Mean over annotators, then documents.",
    signed=False,
    layers=(0,),
    gives="both",
    family=HUMAN,
)
RANDOM_ORDER = ScoredMethod(
    title="Chance",
    definition="The expected value of a random order of the words, without ties; exact, not drawn.",
    signed=False,
    layers=(0,),
    family=CHANCE,
)


def human_ceiling(of_each: Standard, settings: AgreementOptions) -> Measured:
    """Measures every annotator against the others, over the documents that have at least two.

    Args:
        of_each: The human rationales, with gold ``each``.
        settings: How agreement is measured.
    """
    documents = of_each.marked
    shared = [document for document in documents if len(document.asked) > 1]
    measured = []
    for rank, gold in enumerate(of_each.documents):
        ranked = [_others(document, rank) for document in shared]
        recipe = Provenance(
            model=ScoredModel(name="annotators", layers=1),
            data=ScoredData(source=documents.source, split=documents.split, documents=len(ranked)),
            labels=("",),
            methods={HUMAN: CEILING},
        )
        measured.append(measure(MemoryScores(recipe, ranked), gold, replace(settings, select=("given",))))
    return mean_over_annotators(measured)


def _others(document: Document, rank: int) -> ScoredDocument:
    """The other annotators' marks as scores and as a selection; nothing where there is no such annotator."""
    masks = document.masks
    if rank < len(masks):
        share = (masks.sum(axis=0) - masks[rank]) / (len(masks) - 1)
    else:
        share = np.zeros(len(document.words))
    return scored_words(document, words={HUMAN: share.astype(np.float32)}, given={HUMAN: share >= 0.5})


def chance(keys: Iterable[Key], golds: Standard) -> Measured:
    """The expected AP and ROC-AUC of a random order against every annotator, and their mean a document."""
    keys = tuple(keys)
    return mean_over_annotators([_chance(keys, documents) for documents in golds.documents])


def _chance(keys: tuple[Key, ...], documents: Documents) -> Measured:
    chosen = [document for key in keys if (document := documents.get(key)) is not None]
    marked = np.array([document.rationale.sum() if document.annotated else 0 for document in chosen])
    words = np.array([len(document.words) for document in chosen])
    expected = chance_ap(marked.astype(np.int64), words.astype(np.int64))
    half = np.where(np.isnan(expected), np.nan, 0.5)
    return Measured(
        keys=keys,
        annotated=np.array([document.annotated for document in chosen], dtype=np.bool_),
        parts={
            Place(CHANCE, 0, "ap", None): expected[None],
            Place(CHANCE, 0, "roc_auc", None): half[None],
        },
        gold=tuple(document.label for document in chosen),
        predicted=(None,) * len(chosen),
        explained=(None,) * len(chosen),
        words=(int(words.sum()), 0),
    )


def with_agreement(
    counts: Annotators, documents: Documents, *, resamples: int, seed: int, confidence: float
) -> Annotators:
    """The counts with pairwise F1, kappa and Krippendorff's alpha, its interval over documents."""
    found = annotator_agreement(documents)
    if found is None:
        return counts
    ends = alpha_interval(documents, resamples=resamples, seed=seed, confidence=confidence)
    return replace(counts, pairwise_f1=found.pairwise_f1, kappa=found.kappa, alpha=(found.alpha, *ends))

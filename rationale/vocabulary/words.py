"""Which words and phrases push each class: how often and how strongly, with intervals over documents.

A word is compared with the other words of the same documents, so frequent words do not lead because they are
frequent: difference = mean over its occurrences of (value - mean value of the document's words).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from rationale.arrays import Bool, Float64, Int64
from rationale.corpus.document import Documents
from rationale.errors import ScoresError
from rationale.metrics.statistics import bootstrap_intervals, holm
from rationale.scores.scored import Scores
from rationale.vocabulary.chance import chance
from rationale.vocabulary.groups import By, Group, groups_of
from rationale.vocabulary.result import CorpusWords, Lift, Order, WordGroup, WordRow
from rationale.vocabulary.tally import Counting, Tally, tally_words
from rationale.vocabulary.units import MEASURES

ORDERS: tuple[Order, ...] = get_args(Order)


def corpus_words(
    scores: Scores,
    documents: Documents,
    counting: Counting,
    *,
    by: By = "predicted",
    label: str | None = None,
    order: Order | None = None,
    min_documents: int = 3,
    resamples: int = 1000,
    seed: int = 0,
    command: str | None = None,
    progress: bool = False,
) -> CorpusWords:
    """Finds the words and phrases that one method selects more often than the other words around them.

    Args:
        scores: What ``rationale score`` computed, or imported predictions.
        documents: Their documents.
        counting: Method, layer, selection, and what is counted as a word.
        by: How documents are grouped; see :func:`rationale.vocabulary.groups.groups_of`.
        label: The only class to list; None lists all.
        order: The measure that orders words: by the lower end of its difference, of equal ones by the word.
            None takes the score, or the selection where the method gives no scores.
        min_documents: Fewest documents of a group that hold a listed word; others are counted as ``rare``.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the bootstrap.
        command: The command that was typed.
        progress: Whether a progress bar is shown on a terminal.

    Raises:
        ScoresError: If method, layer, class, selection, grouping or order is unknown, the scores belong to
            other documents, or no document is left.
    """
    tally = tally_words(scores, documents, counting, progress=progress)
    return words_of(
        tally, by=by, label=label, order=order, min_documents=min_documents, resamples=resamples, seed=seed,
        command=command,
    )  # fmt: skip


def words_of(
    tally: Tally,
    *,
    by: By = "predicted",
    label: str | None = None,
    order: Order | None = None,
    min_documents: int = 3,
    resamples: int = 1000,
    seed: int = 0,
    command: str | None = None,
) -> CorpusWords:
    """Groups and orders the words of a tally; arguments and errors are those of :func:`corpus_words`."""
    order = _order(tally, order)
    groups = groups_of(tally, by)
    _check_class(groups, label)
    rows = [_rows(tally, group.members, min_documents, resamples, seed) for group in groups]
    corrected = iter(holm(np.array([row.p for of_group in rows for row in of_group])).tolist())
    listed = [[replace(row, p=next(corrected)) for row in of_group] for of_group in rows]
    grouped = np.any([group.members for group in groups], axis=0)
    return CorpusWords(
        recipe=tally.recipe,
        method=tally.method,
        layer=tally.layer,
        rule=tally.rule,
        by=by,
        order=order,
        phrases=len(tally.units),
        strip=tally.strip,
        min_documents=min_documents,
        resamples=resamples,
        seed=seed,
        ungrouped=int((~grouped).sum()),
        compared=sum(map(len, listed)),
        groups=tuple(
            _group(tally, group, words, order)
            for group, words in zip(groups, listed, strict=True)
            if label is None or group.label == label
        ),
        command=command,
    )


def _order(tally: Tally, order: Order | None) -> Order:
    """Returns the measure that orders words."""
    scored = tally.recipe.methods[tally.method].gives != "selection"
    order = order or ("score" if scored else "selected")
    if order not in ORDERS:
        raise ScoresError(f"words cannot be ordered by {order!r}", remedy=f"Known: {', '.join(ORDERS)}.")
    if order != "selected" and not scored:
        raise ScoresError(
            f"{tally.method!r} gives selected words and no scores", remedy="Order words by `selected`."
        )
    return order


def _check_class(groups: Sequence[Group], label: str | None) -> None:
    classes = dict.fromkeys(group.label for group in groups if group.label is not None)
    if label is not None and label not in classes:
        raise ScoresError(
            f"there is no class {label!r}",
            remedy=f"Classes: {', '.join(classes)}." if classes else "Leave the class out.",
        )
    if not any(group.members.any() for group in groups if label is None or group.label == label):
        raise ScoresError(f"no document of class {label!r} is left", remedy="Choose another class.")


def _group(tally: Tally, group: Group, words: Sequence[WordRow], order: Order) -> WordGroup:
    """Orders the words of a group, and counts what is in it."""
    units, selected = (int(counts[0, group.members].sum()) for counts in (tally.units, tally.selected))
    found = np.unique(tally.form[group.members[tally.document]])
    return WordGroup(
        label=group.label,
        right=group.right,
        documents=int(group.members.sum()),
        occurrences=units,
        selected=selected / units if units else None,
        rare=len(found) - len(words),
        words=tuple(sorted(words, key=lambda row: (-row.lift(order).low, row.word, row.size))),
    )


def _rows(tally: Tally, members: Bool, least: int, resamples: int, seed: int) -> list[WordRow]:
    """Makes the row of every form that enough of these documents hold; p is not corrected yet."""
    inside = np.flatnonzero(members[tally.document])
    inside = inside[np.argsort(tally.form[inside], kind="stable")]
    forms, first, documents = np.unique(tally.form[inside], return_index=True, return_counts=True)
    rows = []
    for n in np.unique(documents[documents >= least]).tolist():
        alike = np.flatnonzero(documents == n)
        pairs = inside[first[alike][:, None] + np.arange(n)]
        rows += list(_alike(tally, forms[alike], pairs, resamples, seed))
    return rows


def _alike(tally: Tally, forms: Int64, pairs: Int64, resamples: int, seed: int) -> Iterator[WordRow]:
    """Makes the rows of R forms that n documents each hold.

    Args:
        tally: The table.
        forms: int64 (R,).
        pairs: int64 (R, n), the rows of the table in which each form stands.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the bootstrap.
    """
    count, sums, excess = tally.count[pairs], tally.sums[:, pairs], tally.excess[:, pairs]
    occurrences = count.sum(axis=1)
    low, high = _intervals(excess, count, resamples, seed)
    size = tally.sizes[forms][:, None] - 1
    owner = tally.document[pairs]
    hits = np.rint(sums[0].sum(axis=1)).astype(np.int64)
    p = chance(hits, count, tally.selected[size, owner], tally.units[size, owner])
    value, difference = sums.sum(axis=2) / occurrences, excess.sum(axis=2) / occurrences
    for row, form in enumerate(forms.tolist()):
        lifts = {
            name: Lift(
                value=float(value[m, row]), difference=float(difference[m, row]),
                low=float(low[m, row]), high=float(high[m, row]),
            )
            for m, name in enumerate(MEASURES)
            if not np.isnan(value[m, row])
        }  # fmt: skip
        yield WordRow(
            word=tally.forms[form],
            size=int(tally.sizes[form]),
            documents=pairs.shape[1],
            occurrences=int(occurrences[row]),
            selected=lifts["selected"],
            score=lifts.get("score"),
            percentile=lifts.get("percentile"),
            p=float(p[row]),
        )


def _intervals(excess: Float64, count: Int64, resamples: int, seed: int) -> tuple[Float64, Float64]:
    """Bootstrap intervals over documents of sum of excess / sum of occurrences, float64 (3, R) each.

    The interval also holds that of the same documents and one more, in which the word is an average word:
    else three documents that agree would give an interval of no width. So its end near zero is beyond the
    true value for less than 2.5 % of words, however few documents they are in.

    Args:
        excess: float64 (3, R, n), NaN where there are no scores; so are their intervals.
        count: int64 (R, n).
        resamples: Number of bootstrap resamples.
        seed: Random seed of the bootstrap.
    """
    counts = np.where(np.isnan(excess), np.nan, count)
    more = [(excess, 0.0 * excess[..., :1]), (counts, counts.mean(axis=2, keepdims=True))]
    bounds = [
        bootstrap_intervals(
            np.stack(parts).reshape(2, -1, parts[0].shape[-1]), resamples=resamples, seed=seed, combine=_ratio
        )
        for parts in ((excess, counts), [np.concatenate(pair, axis=2) for pair in more])
    ]
    low, high = np.fmin(*(low for low, _ in bounds)), np.fmax(*(high for _, high in bounds))
    return low.reshape(excess.shape[:2]), high.reshape(excess.shape[:2])


def _ratio(means: Float64) -> Float64:
    quotient: Float64 = means[0] / means[1]
    return quotient

"""AOPC and NAOPC of the order of words by the original model's scores, beside random orders of the words.

AOPC is that of ``rationale score --faithfulness``: the mean loss over shares of words. NAOPC is that of
``--naopc``: over all words, of short documents. A random order's values are means over drawn orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from rationale.arrays import Bool, Float64, Int64
from rationale.corpus.document import Document, Documents
from rationale.loading.classifier import Classifier
from rationale.metrics.naopc import Order, aopc, limits, prefixes
from rationale.metrics.statistics import bootstrap_intervals, number_or_none, summarise
from rationale.randomness import Randomness
from rationale.scores.documents import DocumentScorer
from rationale.scores.naopc import Losses, losses_of, most_sets
from rationale.scores.options import BINS, NaopcOptions
from rationale.scores.units import by_word
from rationale.study.sanity.cells import CellStore, DocumentOrders, OrderValues
from rationale.study.sanity.options import SanityOptions
from rationale.study.sanity.result import ORDER_METRICS, Mean, OrderMeans, Orders, SanityProvenance
from rationale.study.sanity.similarity import Words
from rationale.tokens import Windower


class OrderReader:
    """Measures the orders of one document after another with the original model.

    Args:
        classifier: The model.
        options: The caller's choices.
    """

    def __init__(self, classifier: Classifier, options: SanityOptions) -> None:
        self._classifier, self._options = classifier, options
        forward = replace(options.scoring, methods=("lead",))  # scores nothing from the model
        self._batch_size = forward.windows_a_batch(classifier.device.type)
        self._scorer = DocumentScorer(classifier, forward, self._batch_size)

    def __call__(self, number: int, document: Document, words: Words) -> DocumentOrders:
        """The values of one document.

        Args:
            number: Its number.
            document: The document.
            words: Its words that the model reads, with the original model's scores.
        """
        ((scored, windows),) = self._scorer([document])
        units, places = by_word(scored.covered), list(words.scores)
        if not len(units):
            return _named(number, places, np.full((1 + len(places), len(ORDER_METRICS)), np.nan))
        random = random_orders(document, len(units), self._options.random_orders, self._options.seed)
        by_score = [np.argsort(-words.scores[place], kind="stable") for place in places]
        losses = losses_of(
            self._classifier,
            scored,
            units,
            windows,
            self._options.naopc or NaopcOptions(),
            self._batch_size,
            lambda count: None,
        )
        values = np.concatenate(
            [
                grid_aopc([*random, *by_score], losses),
                _naopc([*random, *by_score], losses, self._options.naopc),
            ],
            axis=1,
        )
        drawn = values[: len(random)].mean(axis=0)
        drawn[2:] = drawn[2:].mean()  # a reversed random order is one, too
        return _named(number, places, np.concatenate([drawn[None], values[len(random) :]]))


def random_orders(document: Document, words: int, count: int, seed: int) -> list[Int64]:
    """Random orders of a document's words, each int64 (words,); they depend on seed and document alone."""
    sources = (Randomness.of(seed, "order", document.id, document.docid, str(n)) for n in range(count))
    return [source.numpy().permutation(words) for source in sources]


def grid_aopc(orders: Sequence[Order], losses: Losses) -> Float64:
    """AOPC comprehensiveness and sufficiency over the shares of the grid, float64 (orders, 2)."""
    words = len(losses.units)
    counts = [int(np.ceil(share * words - 1e-9)) for share in BINS]
    first: Bool = np.stack([prefixes(order)[np.array(counts) - 1] for order in orders])
    sets = np.stack([first, ~first], axis=1)  # orders, directions, shares, words
    means: Float64 = losses(sets.reshape(-1, words)).reshape(sets.shape[:3]).mean(axis=2)
    return means


def _naopc(orders: Sequence[Order], losses: Losses, settings: NaopcOptions | None) -> Float64:
    """NAOPC comprehensiveness and sufficiency, float64 (orders, 2); NaN where the document is too long."""
    words = len(losses.units)
    if settings is None or words > settings.words:
        return np.full((len(orders), 2), np.nan)
    both = [np.asarray(one) for order in orders for one in (order, order[::-1])]
    losses(np.concatenate([prefixes(order) for order in both]))  # in full batches
    values = [aopc(order, losses) for order in both]
    found = limits(words, losses, exact_words=settings.exact, beam=settings.beam).widened(values)
    return np.array([found.normalise(value) for value in values]).reshape(-1, 2)


def _named(number: int, places: Sequence[tuple[str, int]], values: Float64) -> DocumentOrders:
    """The record of a document's values, (1 + places, metrics), random orders first."""
    rows = [dict(zip(ORDER_METRICS, map(number_or_none, row), strict=True)) for row in values.tolist()]
    names = [(None, None), *places]
    return DocumentOrders(
        number, tuple(OrderValues(method=m, layer=n, **row) for (m, n), row in zip(names, rows, strict=True))
    )


def measure_orders(
    reader: OrderReader,
    documents: Sequence[Document],
    words: Sequence[Words],
    store: CellStore | None,
    *,
    progress: bool,
) -> list[DocumentOrders]:
    """Measures all documents; finished ones are read from the store.

    Args:
        reader: Measures one.
        documents: The documents.
        words: The words of each with the original model's scores.
        store: Where finished ones are kept; None keeps them in memory.
        progress: Whether to show a progress bar.
    """
    measured = []
    bar = tqdm(documents, unit="doc", desc="AOPC beside random orders", disable=not progress)
    for number, document in enumerate(bar):
        orders = store.read_orders(number) if store else None
        if orders is None:
            orders = reader(number, document, words[number])
            if store:
                store.write_orders(orders)
        measured.append(orders)
    return measured


def summarise_orders(measured: Sequence[DocumentOrders], recipe: SanityProvenance) -> Orders:
    """Means over documents with bootstrap intervals.

    Args:
        measured: The values of each document.
        recipe: The provenance of the check.
    """
    names = [(one.method, one.layer) for one in measured[0].values]
    values = np.array(
        [[[getattr(v, name) for name in ORDER_METRICS] for v in one.values] for one in measured], np.float64
    )
    parts = values.reshape(len(measured), -1).T[None]
    mean, n = summarise(parts)
    low, high = bootstrap_intervals(parts, resamples=recipe.sanity.resamples, seed=recipe.seed or 0)
    means = [Mean(*map(number_or_none, column)) for column in zip(mean, low, high, strict=True)]
    width = len(ORDER_METRICS)
    rows = [
        dict(zip(ORDER_METRICS, means[at : at + width], strict=True)) for at in range(0, len(means), width)
    ]
    return Orders(
        n=int(n[0]),
        naopc_n=int(n[2]),
        means=tuple(OrderMeans(method=m, layer=k, **row) for (m, k), row in zip(names, rows, strict=True)),
    )


@dataclass(frozen=True)
class OrderPlan:
    """The most forwards that AOPC and NAOPC take, before they begin.

    Attributes:
        documents: Documents with AOPC.
        aopc: The most forwards of AOPC.
        short: Documents with NAOPC.
        naopc: The most forwards of NAOPC.
        words: The most words of a document for NAOPC; None where it is left out.
    """

    documents: int
    aopc: int
    short: int
    naopc: int
    words: int | None

    @property
    def sentences(self) -> list[str]:
        """One sentence a metric, with how to leave it out.

        >>> OrderPlan(20, 3400, 0, 0, None).sentences
        ['AOPC beside random orders: 20 documents, at most 3,400 forwards (--random-orders 0 leaves it out)']
        """
        naopc = (
            f"NAOPC: {self.short:,} documents of at most {self.words} words, at most {self.naopc:,} forwards "
            "(--naopc-words 0 leaves it out)"
        )
        return [
            f"AOPC beside random orders: {self.documents:,} documents, at most {self.aopc:,} forwards "
            "(--random-orders 0 leaves it out)",
            *([naopc] if self.short else []),
        ]


def plan_orders(classifier: Classifier, documents: Documents, options: SanityOptions) -> OrderPlan | None:
    """Counts the forwards of AOPC and NAOPC: nothing is run. None where they are left out.

    Args:
        classifier: The model.
        documents: The documents of the check.
        options: The caller's choices.

    Raises:
        ModelError: Where a method does not fit the model.
        DataError: Where a document cannot be cut into windows.
    """
    if not options.random_orders:
        return None
    orders = options.random_orders + sum(map(len, options.layers_of(classifier).values()))
    windower = Windower(classifier.tokenizer, classifier.max_length, options.protocol)
    count = aopc_forwards = short = naopc_forwards = 0
    for document in documents:
        windows = windower(document)
        words, inputs = int(windows.covered.sum()), len(windows.windows)
        count += words > 0
        aopc_forwards += 2 * len(BINS) * orders * inputs if words else 0
        if options.naopc is not None and 0 < words <= options.naopc.words:
            short += 1
            naopc_forwards += most_sets(words, orders, options.naopc) * inputs
    most_words = None if options.naopc is None else options.naopc.words
    return OrderPlan(count, aopc_forwards, short, naopc_forwards, most_words)

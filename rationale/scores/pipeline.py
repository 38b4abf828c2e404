"""Scores a corpus part by part, with a progress bar; interrupted runs resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from rationale.corpus.document import Document, Documents
from rationale.errors import DataError
from rationale.files import home
from rationale.loading.classifier import Classifier, load_classifier
from rationale.loading.labels import label_names
from rationale.scores.documents import DocumentScorer
from rationale.scores.faithfulness import FaithfulnessReader
from rationale.scores.options import ScoreOptions
from rationale.scores.recipe import make_recipe
from rationale.scores.scored import ScoredDocument, Scores
from rationale.scores.store import MemoryScores
from rationale.scores.writer import ScoreWriter


def score(
    model: str | Path | Classifier,
    documents: Documents,
    options: ScoreOptions | None = None,
    *,
    out: str | Path | None = None,
    device: str = "auto",
    dtype: str = "float32",
    labels: Sequence[str] | None = None,
    overwrite: bool = False,
    progress: bool = True,
    command: str | None = None,
) -> Scores:
    """Scores every word of every document with each method.

    Args:
        model: A hub id, a local folder, or a loaded classifier.
        documents: The documents to score.
        options: Methods, target, protocol, faithfulness; None takes the defaults.
        out: A folder to write to, part by part; None keeps the scores in memory.
        device: The device, for a model given by name.
        dtype: The arithmetic, for a model given by name.
        labels: Names for the outputs in their order, instead of the config's.
        overwrite: Whether a finished folder may be replaced.
        progress: Whether to show a progress bar.
        command: The command that was typed, as shell text; None from Python.

    Raises:
        DataError: Where there are no documents, or the model does not know their labels.
        ModelError: Where the model cannot be used or yields NaN.
        OutputError: Where ``out`` holds finished scores and ``overwrite`` is off, or something else, or
            another process is writing there.
        ScoresError: Where ``out`` holds an unfinished run of another recipe, or one whose parts were changed.
    """
    options = options or ScoreOptions()
    if not len(documents):
        raise DataError("there is nothing to score", where=documents.source, remedy="Check --split.")
    classifier = _classifier(model, device, dtype, labels)
    classifier.check_labels(documents)
    classifier.check_queries(documents)
    recipe = make_recipe(classifier, documents, options, command)
    scorer = DocumentScorer(classifier, options, options.windows_a_batch(classifier.device.type))
    settings, measure = options.faithfulness, None
    if settings is not None:
        measure = FaithfulnessReader(classifier, settings, options.seed, scorer.batch_size)
    size = options.documents_a_part
    parts = [documents[i : i + size] for i in range(0, len(documents), size)]
    writer = None if out is None else ScoreWriter(home(out), recipe, overwrite=overwrite)
    with (
        writer or nullcontext(),
        tqdm(total=len(documents), unit="doc", desc="scoring", disable=not progress) as bar,
    ):
        if writer is None:
            scored = [document for part in parts for document in _part(scorer, measure, part, bar.update)]
            return MemoryScores(recipe, scored)
        for number, part in enumerate(parts):
            if number in writer.done:
                bar.update(len(part))
            else:
                writer.write(number, list(_part(scorer, measure, part, bar.update)))
        return writer.finish()


def score_text(
    model: str | Path | Classifier,
    text: str,
    *,
    query: str = "",
    options: ScoreOptions | None = None,
    device: str = "auto",
    dtype: str = "float32",
    labels: Sequence[str] | None = None,
) -> Scores:
    """Scores one text, in memory.

    Args:
        model: A hub id, a local folder, or a loaded classifier.
        text: Any text; it is split into words at white space.
        query: The other segment of a sentence pair.
        options: Methods and the rest; None takes the defaults.
        device: Where to compute, for a model given by name.
        dtype: The arithmetic, for a model given by name.
        labels: Names for the outputs in their order, instead of the config's.

    Raises:
        DataError: Where the text has no word.
    """
    documents = Documents.of_text(text, query)
    return score(model, documents, options, device=device, dtype=dtype, labels=labels, progress=False)


def _classifier(
    model: str | Path | Classifier, device: str, dtype: str, labels: Sequence[str] | None
) -> Classifier:
    """The classifier, loaded where it is given by name; ``labels`` rename the outputs of a loaded one."""
    if not isinstance(model, Classifier):
        return load_classifier(model, device=device, dtype=dtype, labels=labels)
    if labels is None:
        return model
    return replace(model, labels=label_names(model.model.config, labels, model.identity.name))


def _part(
    scorer: DocumentScorer,
    measure: FaithfulnessReader | None,
    part: Sequence[Document],
    advance: Callable[[int], object],
) -> Iterator[ScoredDocument]:
    """Scores the documents of one part, with what faithfulness needs where it is measured."""
    for document, (scored, windows) in zip(part, scorer(list(part)), strict=True):
        yield scored if measure is None else measure(scored, windows, document.sentences)
        advance(1)

"""Documents whose one rationale is a list of single character offsets, as in SemEval's Toxic Spans."""

from __future__ import annotations

from typing import Any

from rationale.corpus.document import Document, Mark
from rationale.corpus.named.cells import offset_runs, touched_words
from rationale.corpus.named.reader import NamedOptions, document_of
from rationale.corpus.segment import word_bounds


def document_of_runs(
    name: str, text: str, offsets: Any, column: str, where: str, options: NamedOptions
) -> Document:
    """The document of a text and the offsets marked in it by one annotator without a name.

    Each run of offsets marks the words it touches; runs over white space alone are left out and counted.

    Raises:
        DataError: On offsets outside the text, and on a text without words.
    """
    bounds = word_bounds(text)
    runs = offset_runs(offsets, text, column, where)
    for start, end in runs:
        if not text[start:end].strip():
            options.notes.add("runs of offsets mark white space alone and are left out", where)
    spans = touched_words(runs, bounds)
    mark = Mark(None, spans, None, "marked" if spans else "nothing")
    return document_of(name, [text[start:end] for start, end in bounds], [mark], where)

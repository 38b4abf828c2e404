"""The file of a corpus's words: sealed with what they were counted in, read for these scores only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rationale.artifacts.provenance import differing
from rationale.artifacts.scores import recipe_digest
from rationale.corpus.document import Documents
from rationale.errors import OutputError, ScoresError
from rationale.scores.sources import Sources
from rationale.vocabulary.result import CORPUS_WORDS, CorpusWords

if TYPE_CHECKING:
    from rationale.scores.scored import Scores

_REMEDY = "Run `rationale words` on the scores and data of this report, or leave --words out."


def write_words(path: Path, result: CorpusWords, documents: Documents, *, overwrite: bool = False) -> None:
    """Writes the words as sealed JSON; the seal names the scores, the model and the documents.

    Raises:
        OutputError: Where the file exists and ``overwrite`` is off, or the disk refuses.
    """
    inputs = {
        "scores": recipe_digest(result.recipe),
        **result.recipe.inputs,
        "documents": documents.fingerprint,
    }
    CORPUS_WORDS.write(path, result, inputs=inputs, overwrite=overwrite)


def read_words(path: Path, scores: Scores | Sources, documents: Documents) -> CorpusWords:
    """Reads the words that ``rationale words --out words.json`` wrote for these scores and documents.

    A file of an earlier version names no documents; then only the scores are compared.

    Args:
        path: The file.
        scores: The scores that the words have to be of, or several sources of which one has to be it.
        documents: The documents that they have to be counted in.

    Raises:
        OutputError: Where the file cannot be read, was changed or holds something else.
        ScoresError: Where the words are of other scores or documents.
    """
    if path.suffix.lower() != ".json":
        raise OutputError(
            "the words are read from the sealed JSON file",
            where=path,
            remedy="Write it with `rationale words --out words.json`.",
        )
    result, seal = CORPUS_WORDS.open(path)
    sources = Sources.of(scores)
    others = [differing(result.recipe, source.recipe) for source in sources]
    if all(others):
        closest = min(others, key=len)
        raise ScoresError(
            f"the words were counted in other scores (differs in: {', '.join(closest)})",
            where=path,
            remedy=_REMEDY,
        )
    keys = set(sources.keys)
    scored = Documents((document for document in documents if document.key in keys), source=documents.source)
    named = None if seal is None else seal.inputs.get("documents")
    if named not in (None, documents.fingerprint, scored.fingerprint):
        raise ScoresError(
            f"the words were counted in documents whose labels or rationales differ from {documents.source}",
            where=path,
            remedy=_REMEDY,
        )
    return result

"""Writes a report: the page, and the same numbers as Markdown, CSV and Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rationale.artifacts.provenance import differing
from rationale.corpus.document import Documents
from rationale.errors import ScoresError
from rationale.files import atomic_path, atomic_text, check_output
from rationale.report.comparable import comparable_table, has_comparable
from rationale.report.findings import findings
from rationale.report.flat import comparisons_table, records_table
from rationale.report.prose import Fact, commands, glossary, left_out, measured, methods_glossary
from rationale.report.results import Results
from rationale.report.subsets import subset_table
from rationale.report.tables import (
    agreement_table,
    faithfulness_table,
    selection_table,
)
from rationale.scores.families import CHANCE, HUMAN, family_of, is_imported
from rationale.scores.sources import Sources
from rationale.vocabulary.stored import read_words

if TYPE_CHECKING:
    from rationale.agreement import Agreement
    from rationale.scores.scored import Scores
    from rationale.vocabulary.result import CorpusWords


def report(
    scores: Scores | Sources,
    documents: Documents,
    agreement: Agreement,
    out: str | Path,
    *,
    overwrite: bool = False,
    csv: str | Path | None = None,
    markdown: str | Path | None = None,
    parquet: str | Path | None = None,
    words: str | Path | None = None,
    methods: Sequence[str] | None = None,
    examples: int = 1,
    command: str | None = None,
) -> Path:
    """Writes one self-contained offline HTML file, and on request tables.

    Args:
        scores: The scores, or several sources of them.
        documents: The documents they were computed from.
        agreement: What ``agree`` returned for them.
        out: The HTML file.
        overwrite: Whether existing outputs are replaced.
        csv: Where to write every record as CSV, at full precision; the paired comparisons go beside it, into
            ``NAME.comparisons.csv``.
        markdown: Where to write findings and main tables as Markdown.
        parquet: Where to write every record as Parquet.
        words: The JSON file of ``rationale words --out``, to show which words push each class.
        methods: Methods whose best and worst documents are shown; None takes the best of four families.
        examples: Number of best, and of worst, documents to show for each.
        command: The command that was typed, as shell text; None from Python.

    Returns:
        The HTML file's path.

    Raises:
        ScoresError: If scores, documents, agreement and words do not belong together.
        OutputError: If an output exists and ``overwrite`` is off (nothing is written), the words cannot be
            read, or the disk refuses.
    """
    from rationale.report.html import report_html

    for path in (out, csv, markdown, parquet, None if csv is None else comparisons_path(csv)):
        if path is not None:
            check_output(path, overwrite=overwrite)
    sources = Sources.of(scores)
    check_belongs(sources, documents, agreement)
    counted = None if words is None else read_words(Path(words), sources, documents)
    page = report_html(
        sources, documents, agreement, words=counted, methods=methods, examples=examples, command=command
    )
    if csv is not None:
        atomic_text(csv, records_table(agreement).to_csv(), overwrite=overwrite)
        if agreement.comparisons:
            comparisons = comparisons_table(agreement).to_csv()
            atomic_text(comparisons_path(csv), comparisons, overwrite=overwrite)
    if markdown is not None:
        atomic_text(markdown, report_markdown(agreement, command, counted), overwrite=overwrite)
    if parquet is not None:
        _write_parquet(agreement, parquet, overwrite)
    return atomic_text(out, page, overwrite=overwrite)


def comparisons_path(csv: str | Path) -> Path:
    """Returns the path of the paired comparisons beside the records: ``NAME.comparisons.csv``."""
    path = Path(csv)
    return path.with_name(f"{path.name.removesuffix(path.suffix)}.comparisons{path.suffix or '.csv'}")


def report_markdown(
    agreement: Agreement, command: str | None = None, words: CorpusWords | None = None
) -> str:
    """Formats findings, provenance and the main tables as Markdown.

    Args:
        agreement: What ``agree`` returned.
        command: The ``rationale report`` that was typed, as shell text; None from Python.
        words: The words that push each class, of these scores; None leaves them out.
    """
    results = Results(agreement)
    tables = [agreement_table(agreement)] if results.ranks else []
    tables += [selection_table(agreement, select) for select in results.selections]
    tables += [subset_table(agreement)] if agreement.subsets else []
    tables += [faithfulness_table(agreement)] if "comprehensiveness" in results.metrics else []
    tables += [comparable_table(agreement)] if has_comparable(agreement) else []
    parts = [
        "# Agreement with human rationales",
        _bullets(findings(agreement)),
        *(table.to_markdown() for table in tables),
        *([] if words is None else _words(words)),
        "## What was measured",
        _facts(measured(agreement)),
        "## What was left out",
        _bullets(left_out(agreement)),
        "## Glossary",
        _facts([*glossary(agreement), *methods_glossary(agreement)]),
        "## How to repeat this",
        *(f"```sh\n{typed}\n```" for typed in commands(agreement, command, words)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def check_belongs(scores: Scores | Sources, documents: Documents, agreement: Agreement) -> None:
    """Checks that an agreement was computed from these scores and documents.

    It may hold imported methods beside them, whose predictions are not at hand.

    Raises:
        ScoresError: If it was not; the message says what differs.
    """
    settings, scored_recipe = agreement.recipe.agreement, agreement.recipe.of_scores
    held = scores.recipe.methods
    references = {
        name
        for name in scored_recipe.methods
        if family_of(name, scored_recipe) in (CHANCE, HUMAN)
        or (is_imported(scored_recipe, name) and name not in held)
    }
    scored_recipe = replace(
        scored_recipe, methods={n: m for n, m in scored_recipe.methods.items() if n not in references}
    )
    if scored_recipe != scores.recipe:
        differences = ", ".join(differing(scored_recipe, scores.recipe))
        raise ScoresError(
            f"the agreement was computed from other scores (differs in: {differences})",
            remedy="Run `rationale agree` on these scores, or pass the scores it was run on.",
        )
    scored = set(scores.keys)
    scored_documents = Documents((d for d in documents if d.key in scored), source=documents.source)
    if settings.fingerprint not in (None, documents.fingerprint, scored_documents.fingerprint):
        raise ScoresError(
            f"the agreement was computed from {settings.source} (split {settings.split}), "
            "whose texts or rationales differ from these documents",
            where=documents.source,
            remedy="Pass the data and the split that `rationale agree` was given.",
        )


def _words(words: CorpusWords) -> list[str]:
    from rationale.report.word_section import word_section, word_tables  # these import plotly

    section = word_section(words)
    tables = (table.to_markdown() for table in word_tables(words))
    return [f"## {section.title}", *tables, _bullets(section.paragraphs)]


def _write_parquet(agreement: Agreement, path: str | Path, overwrite: bool) -> None:
    import pyarrow.parquet as pq

    with atomic_path(path, overwrite=overwrite) as temporary:
        pq.write_table(records_table(agreement).to_arrow(), temporary, compression="zstd")


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {_escape_markdown(line)}" for line in lines)


def _facts(facts: Sequence[Fact]) -> str:
    return "\n".join(f"- **{_escape_markdown(fact.term)}**: {_escape_markdown(fact.text)}" for fact in facts)


def _escape_markdown(text: str) -> str:
    """Escapes text so that Markdown does not read it as markup."""
    for mark in ("\\", "`", "*", "_", "<", "["):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())

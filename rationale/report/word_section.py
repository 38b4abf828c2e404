"""The report's section of the words that push each class over the corpus."""

from __future__ import annotations

from rationale.report.figures.vocabulary import words_bars
from rationale.report.sections import ReportBlock, Section
from rationale.report.table import Table
from rationale.report.vocabulary import BY_TITLES, notes, words_table
from rationale.vocabulary.result import CorpusWords

BARS, ROWS = 10, 20
"""Words of each group in the chart, and in its table."""


def word_section(result: CorpusWords) -> Section:
    """Makes the section: a chart with a panel for each group of documents, a table for each, and how to read.

    Args:
        result: The words of a corpus.
    """
    title = f"{result.recipe.title_of(result.method)}, layer {result.layer}, by {BY_TITLES[result.by]}."
    groups = [group for group in result.groups if group.words]
    if not groups:
        none = f"No word is in {result.min_documents} documents of a group."
        return Section("words", "Words that push each class", (title, none), ())
    blocks = [ReportBlock(words_bars(result, top=BARS), _BARS)]
    blocks += [ReportBlock(table=table) for table in word_tables(result)]
    return Section("words", "Words that push each class", (title, *notes(result)), blocks)


def word_tables(result: CorpusWords) -> list[Table]:
    """Makes the table of each group that has a word to list."""
    return [words_table(result, group, top=ROWS) for group in result.groups if group.words]


_BARS = (
    "The first words of each group by their distance from the other words of the same documents. Bars are "
    "intervals over documents."
)

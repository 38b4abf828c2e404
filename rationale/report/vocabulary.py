"""Tables of the words that a method selects over a corpus, for terminal, app and programs."""

from __future__ import annotations

from rationale.report.table import Cell, Column, Interval, Table
from rationale.report.words import visible
from rationale.vocabulary.result import CorpusWords, Lift, WordGroup, WordRow

ORDER_TITLES = {"score": "share of score", "selected": "share selected", "percentile": "rank percentile"}
BY_TITLES = {
    "predicted": "predicted class",
    "gold": "gold class",
    "error": "predicted class, right or wrong",
    "all": "all documents",
}


def words_table(result: CorpusWords, group: WordGroup, *, top: int = 20) -> Table:
    """Makes the table of a group's first words, for people.

    Args:
        result: The words of a corpus.
        group: One of its groups.
        top: Most rows.
    """
    scored = any(row.score for row in group.words)
    columns = (
        Column("word", "Word", "text", header=True),
        Column("documents", "Docs", "integer"),
        Column("occurrences", "Occurs", "integer"),
        *(
            (Column("score", "Score"), Column("score_difference", "Score − others", "interval"))
            if scored
            else ()
        ),
        *((Column("percentile", "Rank", digits=2),) if scored else ()),
        Column("selected", "Selected", digits=2),
        Column("selected_difference", "Selected − others", "interval", digits=2),
        Column("p", "p (Holm)", "p"),
    )
    rows = tuple(tuple(_cells(row, scored)) for row in group.words[:top])
    return Table(columns, rows, f"{group.title}: {_counted(group)}")


def shown(word: str, most: int = 40) -> str:
    """Formats a word for people: invisible ones as an open box, long ones by their beginning."""
    return visible(word if len(word) <= most else f"{word[:most]}…")


def _cells(row: WordRow, scored: bool) -> list[Cell]:
    cells: list[Cell] = [shown(row.word), row.documents, row.occurrences]
    if scored:
        cells += [_value(row.score), _difference(row.score), _value(row.percentile)]
    return [*cells, row.selected.value, _difference(row.selected), row.p]


def _counted(group: WordGroup) -> str:
    share = "" if group.selected is None else f", {group.selected:.0%} of them selected"
    return f"{group.documents:,} documents, {group.occurrences:,} words{share}"


def notes(result: CorpusWords) -> tuple[str, ...]:
    """States how to read the tables: what is compared, counted and left out."""
    words = "words and phrases" if result.phrases > 1 else "words"
    rare = ", ".join(f"{group.title} {group.rare:,}" for group in result.groups)
    sentences = [
        f"Score: a word's share of the absolute score of its document, {_sign(result)}. Rank: the share of "
        "the document's other words that it outranks. Others: the mean word of the same documents.",
        f"Selected: {result.rule}. Words are case-folded"
        + (", punctuation at their ends is stripped." if result.strip else ", punctuation is kept."),
        f"Order: lower end of the 95 % interval of “{ORDER_TITLES[result.order]} − others” (bootstrap over "
        f"documents, {result.resamples:,} resamples, seed {result.seed}, with and without one more document "
        "in which the word is average).",
        "p: as many random words of the same documents are selected as often; Holm-corrected over "
        f"{result.compared:,} {words}. Intervals are not corrected: by chance about "
        f"{0.05 * result.compared:,.0f} of them miss the true value.",
        f"Left out because fewer than {result.min_documents} documents hold them: {rare}.",
    ]
    if result.phrases > 1:
        sentences.append(
            f"Phrases: 2 to {result.phrases} adjacent words, by the mean score of their words; selected "
            "where every word is; compared with the phrases of that length in the same documents."
        )
    if result.ungrouped:
        sentences.append(f"{result.ungrouped:,} documents lack a label that the grouping needs.")
    if result.by == "gold" and result.recipe.target == "predicted":
        sentences.append("The scores explain the predicted class, also where documents are grouped by gold.")
    return tuple(sentences)


def _sign(result: CorpusWords) -> str:
    signed = result.recipe.methods[result.method].signed
    return "negative where it speaks against the class" if signed else "never negative"


def flat_words(result: CorpusWords) -> Table:
    """Makes the table that CSV and Parquet hold: every word of every group, at full precision."""
    columns = (
        Column("by", "By", "text"),
        Column("class", "Class", "text"),
        Column("right", "Right", "text"),
        Column("word", "Word", "text", header=True),
        Column("size", "Words", "integer"),
        Column("documents", "Documents", "integer"),
        Column("occurrences", "Occurrences", "integer"),
        Column("group_documents", "Documents of the group", "integer"),
        *(
            column
            for name in ("score", "percentile", "selected")
            for column in (Column(name, name), Column(f"{name}_difference", f"{name} − others", "interval"))
        ),
        Column("p", "p (Holm)", "p"),
        *(Column(name, name, "text") for name in ("method", "rule", "model_hash", "data", "split")),
        Column("layer", "layer", "integer"),
    )
    data = result.recipe.data
    provenance = (
        result.method, result.rule, result.recipe.model.hash, data.source, data.split, result.layer
    )  # fmt: skip
    rows = tuple(
        (
            result.by, group.label, None if group.right is None else "right" if group.right else "wrong",
            row.word, row.size, row.documents, row.occurrences, group.documents,
            *_both(row.score), *_both(row.percentile), *_both(row.selected),
            row.p, *provenance,
        )
        for group in result.groups
        for row in group.words
    )  # fmt: skip
    return Table(columns, rows, "Words over a corpus")


def _both(lift: Lift | None) -> tuple[Cell, Cell]:
    return _value(lift), _difference(lift)


def _value(lift: Lift | None) -> float | None:
    return None if lift is None else lift.value


def _difference(lift: Lift | None) -> Interval | None:
    return None if lift is None else Interval(lift.difference, lift.low, lift.high)

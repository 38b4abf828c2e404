"""Describes whom scores are compared with, and where imported predictions come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rationale.artifacts.provenance import OtherLabels
from rationale.artifacts.record import read_record
from rationale.predictions.tally import QuoteReport
from rationale.report.table import Column, Interval
from rationale.scores.families import is_imported

if TYPE_CHECKING:
    from rationale.artifacts.provenance import AgreementSettings, Provenance

RULES = {
    "each": "Metrics are computed against every annotator, averaged in the document, then over documents.",
    "union": "A word is of the rationale if any annotator marked it.",
    "majority": "A word is of the rationale if more than half of the annotators marked it.",
    "any2": "A word is of the rationale if at least two annotators marked it.",
    "intersection": "A word is of the rationale if all annotators marked it.",
    "soft": "Soft metrics use the share of annotators who marked a word, the others the majority.",
}
_SHOW = Column("value", "", "interval")


def annotators(settings: AgreementSettings) -> str:
    """Describes the annotators and how far they agree; empty where nobody is named."""
    counts = settings.annotators
    if counts is None:
        return ""
    parts = [
        f"{counts.masks:,} masks of annotators over {counts.documents:,} documents, {counts.shared:,} of "
        f"them with at least two; {counts.nothing:,} marked nothing, {counts.not_asked:,} were not asked.",
        "" if settings.same_label is None else "Only annotators who gave the document's label count.",
        RULES.get(settings.gold or "", ""),
    ]
    if counts.alpha is not None:
        f1, kappa = (_SHOW.show(Interval(value)) for value in (counts.pairwise_f1, counts.kappa))
        alpha = _SHOW.show(Interval(*counts.alpha))
        parts.append(
            f"Two annotators agree with a mean F1 of {f1} and kappa of {kappa}; Krippendorff's alpha {alpha}."
        )
    return " ".join(filter(None, parts))


def left_out_masks(settings: AgreementSettings) -> str:
    """Says how many masks mark no word or all words; it begins with 0 where there are none."""
    left = 0 if settings.annotators is None or settings.gold != "each" else settings.annotators.left_out
    return f"{left:,} masks of no word or of all words: nothing can be ranked against them."


def other_labels(settings: AgreementSettings) -> str:
    """Says who was left out because of the label; it begins with 0 where nobody was."""
    left = settings.same_label or OtherLabels(masks=0, documents=0)
    alone = f"; {left.documents:,} documents have no other" if left.documents else ""
    return f"{left.masks:,} masks of annotators who did not give the document's label{alone}."


def imported(recipe: Provenance) -> str:
    """Describes each imported method: its file, how many documents it covers, and its quotes."""
    return " ".join(
        _imported(recipe.title_of(name), method.settings or {})
        for name, method in recipe.methods.items()
        if is_imported(recipe, name)
    )


def _imported(title: str, settings: object) -> str:
    if not isinstance(settings, dict) or "file" not in settings:
        return f"{title} was imported."
    text = (
        f"{title} was imported from {settings['file']} (column {settings['column']}): "
        f"{settings['predicted']:,} documents are predicted, {settings['unpredicted']:,} rows have none."
    )
    if settings.get("quotes") is None:
        return text
    quotes = read_record(
        QuoteReport, settings["quotes"], Path(str(settings["file"])), what="no counts of quotes"
    )
    share = "" if quotes.matched_share is None else f" ({quotes.matched_share:.1%} of the quoted words)"
    found = quotes.quotes - quotes.unmatched - quotes.empty
    return (
        f"{text} {found:,} of {quotes.quotes:,} quotes are in their documents{share}, {quotes.ambiguous:,} "
        f"in more than one place; {quotes.unparsed:,} replies could not be parsed."
    )

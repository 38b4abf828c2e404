"""Describes provenance in sentences: what was measured and left out, what terms mean, how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rationale.agreement.result import selecting
from rationale.agreement.select import rule_text
from rationale.artifacts.provenance import (
    AgreementProvenance,
    AgreementSettings,
    NaopcSettings,
    Perturbing,
    Provenance,
)
from rationale.report.origins import annotators, imported, left_out_masks, other_labels
from rationale.report.results import Results, registered_metric

if TYPE_CHECKING:
    from rationale.agreement import Agreement
    from rationale.vocabulary.result import CorpusWords

_BY_WORD_OR_SENTENCE = ("naopc_comprehensiveness", "naopc_sentence_comprehensiveness")
_BY_SENTENCE = (
    "Of longer documents whole sentences were removed instead, where they have 2 to {}; a sentence's score "
    "is the mean of its words'. Values over sentences are not comparable with those over words."
)
PROTOCOLS = {
    "document": "Documents longer than the model are read in consecutive windows that cover every word; a "
    "window's scores weigh as much as its share of the document's words.",
    "truncate": "Of documents longer than the model only the first window was read. Words beyond it are "
    "not part of the evaluation; they are counted below.",
    "windows": "Documents longer than the model are cut into windows that never cut a human rationale, "
    "and windows without one are left out. This looks at the human rationale: use it only to compare with "
    "work that did the same.",
}
TARGETS = {
    "predicted": "Scores explain the class that the model predicts, whether it is right or wrong.",
    "gold": "Scores explain the gold label. Users of a model do not know it: read these scores as an oracle.",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A term and the text that explains it."""

    term: str
    text: str


def measured(agreement: Agreement) -> list[Fact]:
    """Describes what was measured, in the order in which it was done."""
    recipe = agreement.recipe
    target, protocol = recipe.target or "", recipe.protocol or ""
    removed = recipe.faithfulness
    facts = [
        Fact("Data", _data(recipe)),
        Fact("Human rationales", annotators(recipe.agreement)),
        Fact("Model", _model(recipe)),
        Fact("Imported", imported(recipe)),
        Fact("What is explained", TARGETS.get(target, target)),
        Fact("Long documents", PROTOCOLS.get(protocol, protocol)),
        Fact("From tokens to words", _words(recipe)),
        Fact("Selected words", _selection(recipe)),
        Fact("Faithfulness", "" if removed is None else _faithfulness(removed, selecting(recipe))),
        Fact("Uncertainty", _uncertainty(recipe.agreement)),
        Fact("Computed with", _software(recipe)),
    ]
    return [fact for fact in facts if fact.text]


def left_out(agreement: Agreement) -> list[str]:
    """Lists what the numbers leave out, each with its count; says so if nothing was left out."""
    settings = agreement.recipe.agreement
    skipped = max((r.skipped for r in agreement.records if r.metric == "ap"), default=0)
    words, uncovered, unannotated = settings.words, settings.uncovered_words, settings.unannotated
    lines = [
        _unscored(agreement),
        counted(unannotated, "document")
        + f" {_verb(unannotated, 'has', 'have')} no annotation: counted only for accuracy and faithfulness.",
        counted(skipped, "document")
        + f" {_verb(skipped, 'has', 'have')} only rationale words, or none: not in AP, ROC-AUC and FPR.",
        f"{uncovered:,} of {words:,} words ({uncovered / max(words, 1):.1%}) "
        f"{_verb(uncovered, 'lies', 'lie')} beyond what the model was given: not evaluated.",
        other_labels(settings),
        left_out_masks(settings),
        _without(agreement, "comprehensiveness_norm", "lost at most 0.0001 without any word")
        + ": not in normalised faithfulness.",
        _without(agreement, "naopc_comprehensiveness", "had too many words, or no order that matters")
        + ": not in NAOPC.",
        _without_any_naopc(agreement),
    ]
    kept = [line for line in lines if not line.startswith("0 ")]
    return kept or ["Nothing: every word of every document was scored and evaluated."]


def _without(agreement: Agreement, metric: str, reason: str) -> str:
    skipped = max((r.skipped for r in agreement.records if r.metric == metric), default=0)
    return f"{counted(skipped, 'document')} {reason}"


def _without_any_naopc(agreement: Agreement) -> str:
    """States the documents without NAOPC over words and over sentences, where the latter was asked for."""
    removed = agreement.recipe.faithfulness
    settings = None if removed is None else removed.naopc
    found = {r.metric: r for r in agreement.records if r.metric in _BY_WORD_OR_SENTENCE}
    if not found or settings is None or settings.units is None:
        return "0 documents"
    one = next(iter(found.values()))
    left = one.n + one.skipped - sum(record.n for record in found.values())
    return (
        f"{counted(left, 'document')} {_verb(left, 'has', 'have')} too many sentences, one, no known ones, "
        "or no order that matters: not in NAOPC over sentences either."
    )


def unscored(agreement: Agreement) -> int:
    """Returns the number of documents of the split without scores, which ``--limit`` left out."""
    data = agreement.recipe.data
    return max(agreement.recipe.agreement.unscored, (data.sampled_from or 0) - data.documents, 0)


def _unscored(agreement: Agreement) -> str:
    left, scored = unscored(agreement), agreement.recipe.data.documents
    return (
        f"{left:,} of the {left + scored:,} documents of the split {_verb(left, 'was', 'were')} not scored: "
        f"every number is of a sample of {scored:,} (--limit {scored})."
    )


def commands(agreement: Agreement, report: str | None = None, words: CorpusWords | None = None) -> list[str]:
    """Returns the commands that made scores, agreement, words and report, as they were typed.

    Args:
        agreement: The agreement, which stores its command and that of its scores.
        report: The command that writes the report.
        words: The words that the report shows, which store theirs.

    Returns:
        Shell text without repetitions; a step without a stored command is a comment that says so.
    """
    recipe = agreement.recipe
    steps = {"Scores": recipe.command, "Agreement": recipe.agreement.command}
    steps |= {} if words is None else {"Words": words.command}
    steps |= {"Report": report}
    lines = (
        f"# {step}: made from Python, or by a version that stored no command." if typed is None
        else wrapped(typed)
        for step, typed in steps.items()
    )  # fmt: skip
    return list(dict.fromkeys(lines))


def wrapped(command: str, width: int = 88) -> str:
    r"""Breaks a shell command before options, into lines that a backslash continues.

    >>> print(wrapped("rationale score --model 'my model' --seed 0", width=36))
    rationale score --model 'my model' \
        --seed 0
    """
    lines, words = [""], shlex.split(command)
    options = [i for i, word in enumerate(words) if word.startswith("--")]
    for start, end in pairwise([0, *options, len(words)]):
        part = shlex.join(words[start:end])
        if len(lines[-1]) + len(part) + 3 > width and lines[-1]:
            lines.append(f"    {part}")
        else:
            lines[-1] = f"{lines[-1]} {part}".lstrip() if len(lines) == 1 else f"{lines[-1]} {part}"
    return " \\\n".join(lines)


def _data(recipe: AgreementProvenance) -> str:
    data, settings = recipe.data, recipe.agreement
    split = f", split {data.split}" if data.split else ""
    words = f" with {settings.words:,} words" if settings.words else ""
    return (
        f"{data.source}{split}: {settings.pairs:,} pairs of annotation and document{words} "
        f"(fingerprint {data.fingerprint or 'unknown'})."
    )


def _model(recipe: Provenance) -> str:
    model = recipe.model
    revision = f", revision {model.revision}" if model.revision else ""
    return (
        f"{model.name}{revision}: {model.family or 'unknown'}, {model.layers} layers, reads up to "
        f"{model.max_length or '?'} tokens, classes {', '.join(recipe.labels)} "
        f"(weights {model.hash or 'unknown'})."
    )


def _words(recipe: AgreementProvenance) -> str:
    signed = [recipe.title_of(name) for name, entry in recipe.methods.items() if entry.signed]
    absolute = recipe.agreement.absolute
    sides = "by absolute value" if absolute else "as evidence for the class, negative scores last"
    return (
        f"A word's score is the {recipe.aggregation or 'sum'} over its sub-words. Normalised: "
        f"{recipe.normalisation or 'unknown'}. Special tokens: {recipe.special_tokens or 'unknown'}."
        + (f" Signed methods ({', '.join(signed)}) are ranked {sides}." if signed else "")
    )


def _selection(recipe: AgreementProvenance) -> str:
    eta = recipe.agreement.eta
    thresholds = (
        "eta = 1 in every layer"
        if eta is None
        else f"eta = {', '.join('none' if e is None else f'{e:g}' for e in eta)} by layer"
    )
    rules = {
        "threshold": "threshold: a word is selected if one of its tokens reaches the "
        f"{rule_text(recipe, 'threshold')} ({thresholds})",
        "top_k_gold": "top_k_gold: the k best words are selected, k = number of rationale words; of equal "
        "scores the earlier word wins",
    }
    text = "; ".join(rules[name] for name in recipe.agreement.select if name in rules)
    return text[:1].upper() + text[1:] + "." if text else ""


def _uncertainty(settings: AgreementSettings) -> str:
    return (
        f"Every mean is over pairs of annotation and document. Intervals: {settings.interval}, "
        f"{100 * settings.confidence:g} %, {settings.resamples:,} resamples, seed "
        f"{settings.seed}. Methods are compared with each other in the same layer, and with every "
        "baseline, on the pairs where both are defined: the mean difference with the same bootstrap, and "
        "p of a two-sided paired permutation test after Holm's correction for all comparisons in one "
        "metric and selection."
    )


def _faithfulness(removed: Perturbing, self_selecting: Sequence[str]) -> str:
    bins = ", ".join(f"{100 * share:g}" for share in removed.bins)
    return (
        f"The {100 * removed.share:.1f} % of words with the highest scores were removed, or alone "
        f"kept, and the model read what was left; AOPC averages over {bins} %. Token ids are removed and "
        f"the others keep their positions."
        + "".join(
            f" {name} has a selection of its own, which was removed instead: it is compared with no other "
            "method."
            for name in self_selecting
        )
        + (f" Soft forms are means of {removed.soft} random draws." if removed.soft else "")
        + ("" if removed.naopc is None else f" {_naopc(removed.naopc)}")
    )


def _naopc(settings: NaopcSettings) -> str:
    removal = "deleted" if settings.removal == "delete" else "replaced by the mask token"
    return (
        f"For NAOPC the words of documents of at most {settings.words} words were {removal} one after "
        f"another; its limits are exact up to {settings.exact} words, and those of a beam search of width "
        f"{settings.beam} beyond."
        + ("" if settings.units is None else f" {_BY_SENTENCE.format(settings.words)}")
    )


def _software(recipe: Provenance) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in (recipe.versions or {}).items())
    return f"{versions}; {recipe.dtype} on {recipe.device}, seed {recipe.seed}."


def counted(number: int, noun: str) -> str:
    """Formats a number with its noun, in the plural if needed.

    >>> counted(2, "document of the split")
    '2 documents of the split'
    """
    head, *rest = noun.split(" ")
    return " ".join([f"{number:,}", head if number == 1 else f"{head}s", *rest])


def _verb(number: int, singular: str, plural: str) -> str:
    return singular if number == 1 else plural


def glossary(agreement: Agreement) -> list[Fact]:
    """Defines each metric that occurs, from the registry."""
    return [
        Fact(registered_metric(name).title, registered_metric(name).definition)
        for name in Results(agreement).metrics
    ]


def methods_glossary(agreement: Agreement) -> list[Fact]:
    """Defines each method, from the provenance."""
    entries, results = agreement.recipe.methods, Results(agreement)
    return [
        Fact(f"{results.title(name)} ({name})", entries[name].definition or "")
        for name in results.methods
        if name in entries
    ]

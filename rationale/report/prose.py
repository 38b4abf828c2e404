"""A recipe in sentences: what was measured, what was left out, what the words mean, how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rationale.agreement.result import selecting
from rationale.agreement.select import rule_text
from rationale.report.results import Results, describe

if TYPE_CHECKING:
    from rationale.agreement import Agreement

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
    """A heading and what there is to say under it."""

    term: str
    text: str


def measured(agreement: Agreement) -> list[Fact]:
    """What was measured, in the order in which it was done."""
    recipe, settings = agreement.recipe, agreement.recipe.get("agreement", {})
    facts = [
        Fact("Data", _data(recipe, settings)),
        Fact("Model", _model(recipe)),
        Fact("What is explained", TARGETS.get(recipe.get("target", ""), str(recipe.get("target", "")))),
        Fact("Long documents", PROTOCOLS.get(recipe.get("protocol", ""), str(recipe.get("protocol", "")))),
        Fact("From tokens to words", _words(recipe)),
        Fact("Selected words", _selection(settings, recipe)),
        Fact("Uncertainty", _uncertainty(settings)),
        Fact("Computed with", _software(recipe)),
    ]
    if recipe.get("faithfulness"):
        facts.insert(6, Fact("Faithfulness", _faithfulness(recipe["faithfulness"], selecting(recipe))))
    return [fact for fact in facts if fact.text]


def left_out(agreement: Agreement) -> list[str]:
    """What is not part of the numbers, each with its count; says so where nothing was left out."""
    settings = agreement.recipe.get("agreement", {})
    skipped = max((r["skipped"] for r in agreement.records if r["metric"] == "ap"), default=0)
    words, uncovered = settings.get("words", 0), settings.get("uncovered_words", 0)
    told = [
        _unscored(agreement),
        counted(alone := settings.get("unannotated", 0), "document")
        + f" {_verb(alone, 'was', 'were')} never annotated: counted for accuracy and faithfulness alone.",
        counted(skipped, "document")
        + f" {_verb(skipped, 'has', 'have')} only rationale words, or none: not in AP, ROC-AUC and FPR.",
        f"{uncovered:,} of {words:,} words ({uncovered / max(words, 1):.1%}) "
        f"{_verb(uncovered, 'lies', 'lie')} beyond what the model was given: not evaluated.",
    ]
    kept = [line for line in told if not line.startswith("0 ")]
    return kept or ["Nothing: every word of every document was scored and evaluated."]


def unscored(agreement: Agreement) -> int:
    """How many documents of the split have no scores: those a ``--limit`` left out."""
    data, settings = agreement.recipe.get("data", {}), agreement.recipe.get("agreement", {})
    sampled = data.get("sampled_from", 0) - data.get("documents", 0)
    return max(int(settings.get("unscored", 0)), int(sampled), 0)


def _unscored(agreement: Agreement) -> str:
    left, scored = unscored(agreement), agreement.recipe.get("data", {}).get("documents", 0)
    return (
        f"{left:,} of the {left + scored:,} documents of the split {_verb(left, 'was', 'were')} not scored: "
        f"every number is of a sample of {scored:,} (--limit {scored})."
    )


def commands(agreement: Agreement) -> list[str]:
    """The three commands that repeat this report's numbers, from its recipe."""
    recipe = agreement.recipe
    data = recipe.get("data", {})
    split = ["--split", str(data["split"])] if data.get("split") else []
    where = ["--data", str(data.get("source", "DIR")), *split]
    agree = ["rationale", "agree", "--scores", "scores", *where, *_agree_options(recipe)]
    report = ["rationale", "report", "--scores", "scores", *where, "--agreement", "agreement.json"]
    lines = (
        ["rationale", "score", *_score_options(agreement, where), "--out", "scores"],
        [*agree, "--out", "agreement.json"],
        [*report, "--out", "report.html"],
    )
    return [_wrapped(line) for line in lines]


def _score_options(agreement: Agreement, where: Sequence[str]) -> list[str]:
    recipe = agreement.recipe
    model = recipe.get("model", {})
    options = ["--model", str(model.get("name", "MODEL")), *where]
    options += ["--labels", ",".join(recipe["labels"])] if recipe.get("labels_given") else []
    for method in recipe.get("methods", {}):
        options += ["--method", method]
    options += ["--protocol", str(recipe.get("protocol")), "--target", str(recipe.get("target"))]
    options += ["--max-length", str(model["max_length"])] if model.get("max_length") else []
    options += [*_faithfulness_options(recipe.get("faithfulness")), "--seed", str(recipe.get("seed", 0))]
    for name, usual in (("dtype", "float32"), ("device", None), ("batch_size", None)):
        value = recipe.get(name, usual)
        options += [f"--{name.replace('_', '-')}", str(value)] if value != usual else []
    documents = recipe.get("data", {}).get("documents")
    return options + (["--limit", str(documents)] if unscored(agreement) else [])


def _agree_options(recipe: Mapping[str, Any]) -> list[str]:
    settings = recipe.get("agreement", {})
    chosen = settings.get("select") or []
    options = ["--seed", str(settings.get("seed", 0))]
    options += ["--select", chosen[0]] if len(chosen) == 1 else []
    own, eta = recipe.get("model", {}).get("eta"), settings.get("eta")
    given = settings.get("eta_from") or ("MODEL" if eta and eta != own else "")
    options += ["--eta-from", str(given)] if given else []
    options += ["--absolute"] if settings.get("absolute") else []
    return options + (["--resamples", str(settings["resamples"])] if "resamples" in settings else [])


def _wrapped(words: Sequence[str], width: int = 88) -> str:
    r"""A shell command in lines that a backslash continues, broken before options.

    >>> print(_wrapped(["rationale", "score", "--model", "my model", "--seed", "0"], width=36))
    rationale score --model 'my model' \
        --seed 0
    """
    lines = [""]
    options = [i for i, word in enumerate(words) if word.startswith("--")]
    for start, end in pairwise([0, *options, len(words)]):
        part = shlex.join(words[start:end])
        if len(lines[-1]) + len(part) + 3 > width and lines[-1]:
            lines.append(f"    {part}")
        else:
            lines[-1] = f"{lines[-1]} {part}".lstrip() if len(lines) == 1 else f"{lines[-1]} {part}"
    return " \\\n".join(lines)


def _faithfulness_options(settings: Mapping[str, Any] | None) -> list[str]:
    if not settings:
        return []
    options = ["--faithfulness", "--faithfulness-share", str(settings["share"])]
    for layer in settings.get("layers") or ():
        options += ["--faithfulness-layer", str(layer)]
    return options


def _data(recipe: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    data = recipe.get("data", {})
    split = f", split {data['split']}" if data.get("split") else ""
    pairs = settings.get("pairs", data.get("documents", 0))
    words = f" with {settings['words']:,} words" if settings.get("words") else ""
    return (
        f"{data.get('source', 'unknown')}{split}: {pairs:,} pairs of annotation and document{words} "
        f"(fingerprint {data.get('fingerprint', 'unknown')})."
    )


def _model(recipe: Mapping[str, Any]) -> str:
    model = recipe.get("model", {})
    revision = f", revision {model['revision']}" if model.get("revision") else ""
    return (
        f"{model.get('name', 'unknown')}{revision}: {model.get('family', 'unknown')}, "
        f"{model.get('layers', '?')} layers, reads up to {model.get('max_length', '?')} tokens, classes "
        f"{', '.join(recipe.get('labels', []))} (weights {model.get('hash', 'unknown')})."
    )


def _words(recipe: Mapping[str, Any]) -> str:
    signed = [
        entry.get("title", name) for name, entry in recipe.get("methods", {}).items() if entry.get("signed")
    ]
    absolute = recipe.get("agreement", {}).get("absolute", False)
    sides = "by absolute value" if absolute else "as evidence for the class, negative scores last"
    return (
        f"A word's score is the {recipe.get('aggregation', 'sum')} over its sub-words. Normalised: "
        f"{recipe.get('normalisation', 'unknown')}. Special tokens: "
        f"{recipe.get('special_tokens', 'unknown')}."
        + (f" Signed methods ({', '.join(signed)}) are ranked {sides}." if signed else "")
    )


def _selection(settings: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    eta = settings.get("eta")
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
    told = "; ".join(rules[name] for name in settings.get("select", []) if name in rules)
    return told[:1].upper() + told[1:] + "." if told else ""


def _uncertainty(settings: Mapping[str, Any]) -> str:
    if not settings:
        return ""
    return (
        f"Every mean is over pairs of annotation and document. Intervals: {settings['interval']}, "
        f"{100 * settings['confidence']:g} %, {settings['resamples']:,} resamples, seed "
        f"{settings['seed']}. Methods are compared with each other in the same layer, and with every "
        "baseline, on the pairs where both are defined: the mean difference with the same bootstrap, and "
        "p of a two-sided paired permutation test after Holm's correction for all comparisons in one "
        "metric and selection."
    )


def _faithfulness(settings: Mapping[str, Any], own: Sequence[str]) -> str:
    bins = ", ".join(f"{100 * share:g}" for share in settings["bins"])
    return (
        f"The {100 * settings['share']:.1f} % of words with the highest scores were removed, or alone "
        f"kept, and the model read what was left; AOPC averages over {bins} %. Token ids are removed and "
        f"the others keep their positions."
        + "".join(f" Of {name}, what it selects, however many: compared with no other." for name in own)
    )


def _software(recipe: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in recipe.get("versions", {}).items())
    return f"{versions}; {recipe.get('dtype')} on {recipe.get('device')}, seed {recipe.get('seed')}."


def counted(number: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(2, "document of the split")
    '2 documents of the split'
    """
    head, *rest = noun.split(" ")
    return " ".join([f"{number:,}", head if number == 1 else f"{head}s", *rest])


def _verb(number: int, one: str, many: str) -> str:
    return one if number == 1 else many


def glossary(agreement: Agreement) -> list[Fact]:
    """One sentence for each metric that occurs, from the registry."""
    return [Fact(describe(name).title, describe(name).definition) for name in Results(agreement).metrics]


def methods_glossary(agreement: Agreement) -> list[Fact]:
    """One sentence for each method, from the recipe."""
    entries = agreement.recipe.get("methods", {})
    results = Results(agreement)
    return [
        Fact(f"{results.title(name)} ({name})", str(entries[name].get("definition", "")))
        for name in results.methods
        if name in entries
    ]

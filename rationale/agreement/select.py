"""Which words does a method choose? The one answer for tables, examples, exports, terminal and app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from rationale.agreement.blocks import Block
from rationale.agreement.ranking import Ranking, rank
from rationale.agreement.selection import above_share, top_k
from rationale.arrays import Bool, Float32
from rationale.artifacts.provenance import AgreementProvenance, Eta, Provenance
from rationale.artifacts.shape import among
from rationale.corpus.document import Document
from rationale.errors import ScoresError
from rationale.metrics.ragged import totals
from rationale.scores.scored import SCORE_AGAIN, drops_tokens, knows_kept
from rationale.tokens.alignment import any_to_words

if TYPE_CHECKING:
    from rationale.scores.scored import ScoredDocument

Select = Literal["threshold", "top_k_gold"]
SELECTIONS: tuple[Select, ...] = ("threshold", "top_k_gold")
Selected = Annotated[str, among(*SELECTIONS, "kept")]
"""How words were selected, as results say; an earlier version had ``kept`` among the selections."""
SHORT = {"top_k_gold": "top-k"}
"""Titles of the selections that are one rule whatever the scores are of."""


@dataclass(frozen=True)
class Rule:
    """How words are chosen from scores.

    Attributes:
        select: ``threshold``: words of which some token scores at least eta / n, n = tokens that enter the
            layer. ``top_k_gold``: the k best words, k = number of rationale words (the cut of
            R-precision); of equal scores the earlier.
        eta: One a layer, for ``threshold``; None is 1 in every layer, and of one layer no selection there.
        absolute: Whether signed methods count by absolute value instead of evidence for the target.
    """

    select: Select
    eta: Eta | None = None
    absolute: bool = False


@dataclass(frozen=True)
class Chosen:
    """What a method chooses; R layers, N words, T tokens.

    Attributes:
        words: bool (R, N).
        tokens: bool (R, T), the tokens that met the threshold; None where words are ranked.
        thresholds: float32 (R, T), what each token's score had to reach; None where words are ranked, or the
            method's selection is its own.
        scores: float32 (R, T), the token scores as they were compared.
    """

    words: Bool
    tokens: Bool | None
    thresholds: Float32 | None
    scores: Float32


def chosen_layers(recipe: Provenance, method: str, rule: Rule, layers: Sequence[int]) -> tuple[int, ...]:
    """The layers in which a rule chooses: all but those whose eta is None (the model decides nothing there).

    Raises:
        ScoresError: Where eta has too few layers.
    """
    if rule.select != "threshold" or rule.eta is None or recipe.selects(method):
        return tuple(layers)
    if max(layers) >= len(rule.eta):
        raise ScoresError(
            f"eta has {len(rule.eta)} layers, the scores of {method!r} are of layer {max(layers)}",
            remedy="Take eta from a model with as many layers as the scored one.",
        )
    return tuple(layer for layer in layers if rule.eta[layer] is not None)


def ranked(block: Block, method: str, rule: Rule, layers: Sequence[int]) -> Ranking:
    """The words of a block by falling score, in some layers of a method."""
    values = block.words(method)[block.rows(method, layers)]
    values = np.abs(values) if rule.absolute and block.signed(method) else values
    return rank(values, block.truth, block.offsets)


def select(
    block: Block, method: str, rule: Rule, layers: Sequence[int], ranking: Ranking | None = None
) -> Chosen:
    """The words of a block that a method chooses.

    Args:
        block: Scored documents.
        method: The method.
        rule: How words are chosen.
        layers: Some of its layers.
        ranking: What :func:`ranked` gave for the same, where it is at hand.

    Raises:
        ScoresError: Where there is no such selection or eta, or n is not known.
    """
    tokens = block.tokens(method)[block.rows(method, layers)]
    tokens = np.abs(tokens) if rule.absolute and block.signed(method) else tokens
    if rule.select == "top_k_gold":
        ranking = ranking or ranked(block, method, rule, layers)
        return Chosen(top_k(ranking, totals(block.truth, block.offsets)), None, None, tokens)
    if rule.select != "threshold":
        raise ScoresError(
            f"words cannot be selected by {rule.select!r}", remedy="Known: threshold, top_k_gold."
        )
    if block.recipe.selects(method):
        kept = block.kept(layers)
        return Chosen(any_to_words(kept, block.token_word, len(block.truth)), kept, None, tokens)
    there = chosen_layers(block.recipe, method, rule, layers)
    eta = np.array([_eta(rule, layer) if layer in there else np.inf for layer in layers], dtype=np.float32)
    entering = block.entering(layers)
    words = above_share(tokens, entering, block.token_word, eta, len(block.truth))
    thresholds: Float32 = np.divide(eta[:, None], entering, dtype=np.float32)
    return Chosen(words, tokens >= thresholds, thresholds, tokens)


def select_words(
    scored: ScoredDocument, document: Document, recipe: Provenance, method: str, rule: Rule
) -> Chosen:
    """What a method chooses in one document, in every layer it was scored at.

    Args:
        scored: The document's scores.
        document: The document.
        recipe: Of the scores.
        method: The method.
        rule: How words are chosen.

    Returns:
        Of all W words; those that no window covers are not chosen.
    """
    block = Block((scored,), (document,), recipe)
    found = select(block, method, rule, scored.layers[method])
    words = np.zeros((len(found.words), len(scored.covered)), dtype=np.bool_)
    words[:, scored.covered] = found.words
    return Chosen(words, found.tokens, found.thresholds, found.scores)


def selections(recipe: Provenance) -> tuple[Select, ...]:
    """The selections that scores allow: no threshold where a dropping model's n is not known."""
    return SELECTIONS if knows_kept(recipe) else ("top_k_gold",)


def rule_of(recipe: Provenance, select: Select) -> Rule:
    """The rule behind the numbers of an agreement.

    Args:
        recipe: Of an agreement; of scores alone, what ``agree`` does unasked.
        select: The selection.
    """
    if isinstance(recipe, AgreementProvenance):
        return Rule(select, recipe.agreement.eta, recipe.agreement.absolute)
    return Rule(select, recipe.model.eta)


def rule_title(recipe: Provenance, select: str | None) -> str:
    """What a selection is called beside a number, with the threshold that was meant.

    Args:
        recipe: As :func:`rule_of` takes it.
        select: The selection; None, and a name that no rule has, is its own title.
    """
    if select != "threshold":
        return SHORT.get(select or "", select or "")
    eta, own = rule_of(recipe, "threshold").eta, recipe.model.eta
    if eta is None:
        return "uniform threshold 1/n"
    if same_eta(eta, own):
        return "model's own threshold eta/n"
    given = recipe.agreement.eta_from if isinstance(recipe, AgreementProvenance) else None
    return f"threshold eta/n, eta of {given or 'another source'}"


def rule_text(recipe: Provenance, select: str | None, method: str | None = None) -> str:
    """The rule in full: the threshold and what n counts, or what k is.

    Args:
        recipe: As :func:`rule_of` takes it.
        select: The selection.
        method: Of the number, where it is of one method: a selection of its own is called that.
    """
    if select == "top_k_gold":
        return "top-k, k = number of rationale words"
    if select == "threshold" and method is not None and recipe.selects(method):
        return "the tokens that the model keeps"
    if select != "threshold":
        return rule_title(recipe, select)
    known = drops_tokens(recipe) and knows_kept(recipe)
    return f"{rule_title(recipe, select)}, n = tokens {'kept before the layer' if known else 'of the window'}"


def without_n(recipe: Provenance) -> str | None:
    """Why scores allow no threshold, and what to do; None where they do."""
    if knows_kept(recipe):
        return None
    return (
        "no threshold eta/n: the scored model drops tokens, and these scores do not say how many enter each "
        f"layer. {SCORE_AGAIN}"
    )


def _eta(rule: Rule, layer: int) -> float:
    return 1.0 if rule.eta is None else float(rule.eta[layer] or 0.0)


def same_eta(one: Eta | None, other: Eta | None) -> bool:
    """Whether two etas are one; None counts as itself."""
    if one is None or other is None:
        return one is other
    if len(one) != len(other) or [e is None for e in one] != [e is None for e in other]:
        return False
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return all(abs(a - b) <= 1e-6 for a, b in pairs)

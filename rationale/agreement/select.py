"""Selects words by a method's scores, in the same way for tables, examples, exports, terminal and app."""

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
from rationale.scores.families import HUMAN, family_of
from rationale.scores.scored import SCORE_AGAIN, drops_tokens, knows_kept
from rationale.tokens.alignment import any_to_words

if TYPE_CHECKING:
    from rationale.scores.scored import ScoredDocument

Select = Literal["threshold", "top_k_gold", "given"]
SELECTIONS: tuple[Select, ...] = ("threshold", "top_k_gold", "given")
Selected = Annotated[str, among(*SELECTIONS, "kept")]
"""The selection that a result names; an earlier version also had the selection ``kept``."""
SHORT = {"top_k_gold": "top-k", "given": "as given"}
"""Titles of the selections whose rule does not depend on the scored model."""


@dataclass(frozen=True)
class Rule:
    """How words are selected by their scores.

    Attributes:
        select: ``threshold``: words of which some token scores at least eta / n, n = tokens that enter the
            layer. ``top_k_gold``: the k best words, k = number of rationale words (the cut of
            R-precision); of equal scores the earlier word wins. ``given``: the words that an imported
            method came with.
        eta: One value per layer, for ``threshold``; None is 1 in every layer. A layer whose value is None
            has no selection.
        absolute: Whether signed methods count by absolute value instead of evidence for the target.
    """

    select: Select
    eta: Eta | None = None
    absolute: bool = False


@dataclass(frozen=True)
class Chosen:
    """The words and tokens that a method selects; R layers, N words, T tokens.

    Attributes:
        words: bool (R, N).
        tokens: bool (R, T), the tokens that met the threshold; None if words are ranked.
        thresholds: float32 (R, T), what each token's score had to reach; None if words are ranked, or the
            method has a selection of its own.
        scores: float32 (R, T), the token scores as they were compared.
    """

    words: Bool
    tokens: Bool | None
    thresholds: Float32 | None
    scores: Float32


def chosen_layers(recipe: Provenance, method: str, rule: Rule, layers: Sequence[int]) -> tuple[int, ...]:
    """Returns the layers in which a rule selects: all but those whose eta is None (no decision there).

    Raises:
        ScoresError: If eta has too few layers.
    """
    if not selects_by(recipe, method, rule.select):
        return ()
    if rule.select != "threshold" or rule.eta is None or recipe.selects(method):
        return tuple(layers)
    if max(layers) >= len(rule.eta):
        raise ScoresError(
            f"eta has {len(rule.eta)} layers, the scores of {method!r} are of layer {max(layers)}",
            remedy="Take eta from a model with as many layers as the scored one.",
        )
    return tuple(layer for layer in layers if rule.eta[layer] is not None)


def selects_by(recipe: Provenance, method: str, select: Select) -> bool:
    """Whether a method's words are selected in this way: by its scores, or by the words that it gives."""
    if family_of(method, recipe) == HUMAN:
        return select == "given"
    return recipe.gives_words(method) if select == "given" else recipe.ranks(method)


def ranked(block: Block, method: str, rule: Rule, layers: Sequence[int]) -> Ranking:
    """Ranks the words of a block by falling score, in some layers of a method."""
    values = block.words(method)[block.rows(method, layers)]
    values = np.abs(values) if rule.absolute and block.signed(method) else values
    return rank(values, block.truth, block.offsets)


def select(
    block: Block, method: str, rule: Rule, layers: Sequence[int], ranking: Ranking | None = None
) -> Chosen:
    """Selects the words of a block by a method's scores.

    Args:
        block: Scored documents.
        method: The method.
        rule: How words are selected.
        layers: Some of its layers.
        ranking: What :func:`ranked` returned for the same arguments; None computes it.

    Raises:
        ScoresError: If there is no such selection or eta, or n is not known.
    """
    if rule.select == "given":
        return Chosen(block.given(method), None, None, np.zeros((1, len(block.token_word)), np.float32))
    tokens = block.tokens(method)[block.rows(method, layers)]
    tokens = np.abs(tokens) if rule.absolute and block.signed(method) else tokens
    if rule.select == "top_k_gold":
        ranking = ranking or ranked(block, method, rule, layers)
        return Chosen(top_k(ranking, totals(block.truth, block.offsets)), None, None, tokens)
    if rule.select != "threshold":
        raise ScoresError(
            f"words cannot be selected by {rule.select!r}", remedy=f"Known: {', '.join(SELECTIONS)}."
        )
    if block.recipe.selects(method):
        kept = block.kept(layers)
        return Chosen(any_to_words(kept, block.token_word, len(block.truth)), kept, None, tokens)
    rule_layers = chosen_layers(block.recipe, method, rule, layers)
    eta = np.array(
        [_eta(rule, layer) if layer in rule_layers else np.inf for layer in layers], dtype=np.float32
    )
    entering = block.entering(layers)
    words = above_share(tokens, entering, block.token_word, eta, len(block.truth))
    thresholds: Float32 = np.divide(eta[:, None], entering, dtype=np.float32)
    return Chosen(words, tokens >= thresholds, thresholds, tokens)


def select_words(
    scored: ScoredDocument, document: Document, recipe: Provenance, method: str, rule: Rule
) -> Chosen:
    """Selects the words of one document, in every layer that the method was scored at.

    Args:
        scored: The document's scores.
        document: The document.
        recipe: The provenance of the scores.
        method: The method.
        rule: How words are selected.

    Returns:
        The selection over all W words; words that no window covers are not selected.
    """
    block = Block((scored,), (document,), recipe)
    chosen = select(block, method, rule, scored.layers[method])
    words = np.zeros((len(chosen.words), len(scored.covered)), dtype=np.bool_)
    words[:, scored.covered] = chosen.words
    return Chosen(words, chosen.tokens, chosen.thresholds, chosen.scores)


def selections(recipe: Provenance) -> tuple[Select, ...]:
    """Returns the selections that scores allow: no threshold if a dropping model's n is not known."""
    usable = {"threshold", "top_k_gold"} if knows_kept(recipe) else {"top_k_gold"}
    return tuple(
        select
        for select in SELECTIONS
        if (select == "given" or select in usable)
        and any(selects_by(recipe, method, select) for method in recipe.methods)
    )


def rule_of(recipe: Provenance, select: Select) -> Rule:
    """Returns the rule by which an agreement selected words.

    Args:
        recipe: The provenance of an agreement; for that of scores, the rule is the default of ``agree``.
        select: The selection.
    """
    if isinstance(recipe, AgreementProvenance):
        return Rule(select, recipe.agreement.eta, recipe.agreement.absolute)
    return Rule(select, recipe.model.eta)


def rule_title(recipe: Provenance, select: str | None) -> str:
    """Returns the short title of a selection, with the threshold that was used.

    Args:
        recipe: The provenance of an agreement or of scores, as for :func:`rule_of`.
        select: The selection; an unknown name is its own title, None an empty one.
    """
    if select != "threshold":
        return SHORT.get(select or "", select or "")
    eta, model_eta = rule_of(recipe, "threshold").eta, recipe.model.eta
    if eta is None:
        return "uniform threshold 1/n"
    if same_eta(eta, model_eta):
        return "model's own threshold eta/n"
    given = recipe.agreement.eta_from if isinstance(recipe, AgreementProvenance) else None
    return f"threshold eta/n, eta of {given or 'another source'}"


def rule_text(recipe: Provenance, select: str | None, method: str | None = None) -> str:
    """Describes the rule in full: the threshold and what n counts, or what k is.

    Args:
        recipe: The provenance of an agreement or of scores, as for :func:`rule_of`.
        select: The selection.
        method: The method, if the text is about one: it may have a selection of its own.
    """
    if select == "top_k_gold":
        return "top-k, k = number of rationale words"
    if select == "threshold" and method is not None and recipe.selects(method):
        return "the tokens that the model keeps"
    if select == "given":
        others = method is not None and family_of(method, recipe) == HUMAN
        return "the words that at least half of the others marked" if others else "the predictions themselves"
    if select != "threshold":
        return rule_title(recipe, select)
    known = drops_tokens(recipe) and knows_kept(recipe)
    return f"{rule_title(recipe, select)}, n = tokens {'kept before the layer' if known else 'of the window'}"


def without_n(recipe: Provenance) -> str | None:
    """Says why scores allow no threshold, and what to do; None if they do."""
    if knows_kept(recipe):
        return None
    return (
        "no threshold eta/n: the scored model drops tokens, and these scores do not say how many enter each "
        f"layer. {SCORE_AGAIN}"
    )


def _eta(rule: Rule, layer: int) -> float:
    return 1.0 if rule.eta is None else float(rule.eta[layer] or 0.0)


def same_eta(first: Eta | None, second: Eta | None) -> bool:
    """Whether two etas are equal to within 1e-6; None equals only None."""
    if first is None or second is None:
        return first is second
    if len(first) != len(second) or [e is None for e in first] != [e is None for e in second]:
        return False
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    return all(abs(a - b) <= 1e-6 for a, b in pairs)

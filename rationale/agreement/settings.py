"""The settings of an agreement: what was asked for, made to fit the scores of each source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from rationale.agreement.measure import AgreementOptions
from rationale.agreement.select import SELECTIONS, same_eta, selections, without_n
from rationale.agreement.sentences import SentenceGold, SentenceScore
from rationale.artifacts.provenance import Eta
from rationale.errors import ModelError, ScoresError
from rationale.files import home

if TYPE_CHECKING:
    from rationale.scores.scored import Scores


def settings_for(
    scores: Scores, asked: AgreementOptions, select: str | None, eta: Sequence[float | None] | None
) -> AgreementOptions:
    """Checks what was asked for, and makes it fit the scores of one source.

    Args:
        scores: The scores.
        asked: The options that hold for every source.
        select: One selection, or None for all that the scores allow.
        eta: One value per layer; None takes the scored model's own, or 1 if it has none.

    Raises:
        ScoresError: If ``select``, ``eta`` or the number of resamples is invalid.
    """
    if select is not None and select not in SELECTIONS:
        raise ScoresError(
            f"no selection is called {select!r}",
            remedy=f"Use one of {', '.join(SELECTIONS)}, or none for all.",
        )
    if asked.resamples < 1:
        raise ScoresError(f"{asked.resamples} resamples, expected at least 1", remedy="1000 is customary.")
    refused = without_n(scores.recipe)
    if select == "threshold" and refused:
        raise ScoresError(refused)
    chosen = (
        selections(scores.recipe) if select is None else tuple(name for name in SELECTIONS if name == select)
    )
    return replace(asked, select=chosen, eta=_fitting_eta(scores, eta))


def _fitting_eta(scores: Scores, eta: Sequence[float | None] | None) -> Eta | None:
    """The given eta, or the scored model's, after checking it."""
    values = scores.recipe.model.eta if eta is None else tuple(None if e is None else float(e) for e in eta)
    if values is not None and not (values and all(e is None or np.isfinite(e) for e in values)):
        raise ScoresError(f"eta is {list(values)}, expected one finite number a layer")
    layers = scores.recipe.model.layers
    if values is not None and len(values) != layers:
        raise ScoresError(
            f"eta has {len(values)} layers, and the scored model has {layers}",
            remedy="Take eta from a model with as many layers as the scored one, or leave --eta-from out.",
        )
    return values


_CHOICES: Mapping[str, tuple[str | None, ...]] = {
    "sentences": (None, *get_args(SentenceScore)),
    "sentence_gold": get_args(SentenceGold),
    "groups": (None, "best"),
}


def check_choices(**given: str | None) -> None:
    """Checks options that take one of a few values.

    Raises:
        ScoresError: If one takes another.
    """
    for name, value in given.items():
        if value not in _CHOICES[name]:
            known = ", ".join(filter(None, _CHOICES[name]))
            raise ScoresError(f"{name.replace('_', ' ')}: {value!r} is not known", remedy=f"Known: {known}.")


def notes_on(settings: AgreementOptions, scores: Scores) -> tuple[str, ...]:
    """Returns notes on the selections that whoever reads the numbers has to know."""
    notes = []
    refused, model_eta = without_n(scores.recipe), scores.recipe.model.eta
    if refused:
        notes.append(refused)
    if model_eta is not None and not same_eta(settings.eta, model_eta):
        shown = ", ".join("none" if e is None else f"{e:.4g}" for e in model_eta)
        notes.append(f"eta is not the scored model's own ({shown}): the model itself uses another threshold")
    return tuple(notes)


def read_eta(folder: str | Path) -> tuple[float | None, ...]:
    """Reads eta from a model's folder (``config.json``, key ``eta``): a value per layer, None if it has none.

    Raises:
        ModelError: If the folder has no eta.
    """
    path = home(folder) / "config.json"
    remedy = (
        "Pass the folder of a trained AdapLeR model, or leave --eta-from out: eta is then the scored model's "
        "own, or 1 if it has none."
    )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"eta cannot be read ({error.strerror})", where=path, remedy=remedy) from error
    except ValueError as error:
        raise ModelError(f"is no JSON ({error})", where=path, remedy=remedy) from error
    eta = config.get("eta") if isinstance(config, dict) else None
    if not isinstance(eta, list) or not eta or not all(e is None or _is_number(e) for e in eta):
        raise ModelError('holds no "eta", a list with one number a layer', where=path, remedy=remedy)
    return tuple(None if value is None else float(value) for value in eta)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))

"""The model card of a trained token-dropping model: method, training data, settings and dev metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rationale.dropping import SYSTEMS
from rationale.metrics.names import QA_METRICS
from rationale.training.dropping.options import DroppingOptions

_COMMON = DroppingOptions.__dataclass_fields__


def card(recipe: Mapping[str, Any]) -> str:
    """Writes a model card in Markdown, with the metadata block of model hubs, from ``training.json``."""
    system = SYSTEMS.get(recipe["kind"])
    best, options = recipe["best"], recipe["options"]
    metric = options["metric"].replace("_", " ")
    is_qa = options["metric"] in QA_METRICS
    task = "question-answering" if is_qa else "text-classification"
    head = ["---", "library_name: transformers", f"pipeline_tag: {task}"]
    head += [f"tags: [token-dropping, {system.name}]"]
    numbers = {name: value for name, value in best.items() if isinstance(value, int | float)}
    metrics = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in numbers.items())
    fine_tuned_best = recipe["fine_tuned_best"]
    comparison = (
        ""
        if fine_tuned_best is None
        else f" Plain fine-tuning's best dev {metric} was {fine_tuned_best:.4g}."
    )
    names = [name for name in options if name not in _COMMON or name in ("epochs", "learning_rate", "seed")]
    settings = ", ".join(f"{name} {options[name]}" for name in names)
    loader = "AutoModelForQuestionAnswering" if is_qa else "AutoModelForSequenceClassification"
    return "\n".join(
        [
            *head,
            "---",
            "",
            f"# {system.title} over {recipe['model']['family']}",
            "",
            f"Labels: {', '.join(recipe['labels'])}. Started from `{recipe['model']['name']}` "
            f"(weights {recipe['model']['hash']}), {recipe['train']['documents']} training documents, "
            f"at most {recipe['max_length']} tokens.",
            "",
            f"Kept: {metrics}." + comparison,
            "",
            f"Settings: {settings}. `training.json` has all of them and every epoch.",
            "",
            "Load it after `import rationale`, which tells transformers the architecture:",
            f"`{loader}.from_pretrained(FOLDER)`.",
            "",
        ]
    )

"""The model card of a trained AdapLeR: what it is, how it was made, what dev said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def card(recipe: Mapping[str, Any]) -> str:
    """Markdown with the metadata block that model hubs read."""
    best, options = recipe["best"], recipe["options"]
    metric = options["metric"].replace("_", " ")
    head = ["---", "library_name: transformers", "pipeline_tag: text-classification"]
    head += ["tags: [token-dropping, adapler]"]
    figures = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in best.items())
    before = recipe["fine_tuned_best"]
    compared = "" if before is None else f" Phase 1's best dev {metric} was {before:.4g}."
    names = ("gamma", "phi", "epochs", "learning_rate", "seed")
    chosen = ", ".join(f"{name} {options[name]}" for name in names)
    return "\n".join(
        [
            *head,
            "---",
            "",
            f"# AdapLeR over {recipe['model']['family']}",
            "",
            f"Labels: {', '.join(recipe['labels'])}. Started from `{recipe['model']['name']}` "
            f"(weights {recipe['model']['hash']}), {recipe['train']['documents']} training documents, "
            f"at most {recipe['max_length']} tokens.",
            "",
            f"Kept epoch: {figures}." + compared,
            "",
            f"Settings: {chosen}. `training.json` has all of them and every epoch.",
            "",
            "Load it after `import rationale.dropping.model`, which tells transformers the architecture:",
            "`AutoModelForSequenceClassification.from_pretrained(FOLDER)`.",
            "",
        ]
    )

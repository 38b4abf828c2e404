"""The model card of a trained token-dropping model: method, training data, settings and dev metrics."""

from __future__ import annotations

from rationale.dropping import SYSTEMS
from rationale.metrics.names import QA_METRICS
from rationale.training.dropping.options import DroppingOptions
from rationale.training.record import Trained

_COMMON = DroppingOptions.__dataclass_fields__


def card(trained: Trained) -> str:
    """Writes a model card in Markdown, with the metadata block of model hubs, from ``training.json``."""
    system, options = SYSTEMS.get(trained.kind), trained.options
    metric = str(options["metric"]).replace("_", " ")
    is_qa = options["metric"] in QA_METRICS
    task = "question-answering" if is_qa else "text-classification"
    head = ["---", "library_name: transformers", f"pipeline_tag: {task}"]
    head += [f"tags: [token-dropping, {system.name}]"]
    metrics = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in trained.figures.items())
    before = trained.fine_tuned_best
    comparison = "" if before is None else f" Plain fine-tuning's best dev {metric} was {before:.4g}."
    names = [name for name in options if name not in _COMMON or name in ("epochs", "learning_rate", "seed")]
    settings = ", ".join(f"{name} {options[name]}" for name in names)
    loader = "AutoModelForQuestionAnswering" if is_qa else "AutoModelForSequenceClassification"
    return "\n".join(
        [
            *head,
            "---",
            "",
            f"# {system.title} over {trained.model.family}",
            "",
            f"Labels: {', '.join(trained.labels)}. Started from `{trained.model.name}` "
            f"(weights {trained.model.hash}), {trained.train.documents} training documents, "
            f"at most {trained.max_length} tokens.",
            "",
            f"Kept: {metrics}." + comparison,
            "",
            f"Settings: {settings}. `training.json` has all of them and every epoch.",
            "",
            *([] if trained.command is None else ["Trained by:", "", "```sh", trained.command, "```", ""]),
            "Load it after `import rationale`, which tells transformers the architecture:",
            f"`{loader}.from_pretrained(FOLDER)`.",
            "",
        ]
    )

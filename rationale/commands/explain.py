"""``rationale explain``: scores one text and prints it in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rationale.commands.options import BatchSize, Device, Dtype, Model, Seed, read_text_option
from rationale.terminal import safe_console

if TYPE_CHECKING:
    from rich.text import Text

    from rationale.scores.scored import ScoredDocument


def explain(
    model: Model,
    text: Annotated[str, typer.Option(help="Text; - reads standard input.")],
    query: Annotated[
        str, typer.Option(help="The other segment that the model reads: a question, a claim.")
    ] = "",
    method: Annotated[
        list[str] | None,
        typer.Option(help="Score method; repeat for several. Default: input_x_gradient."),
    ] = None,
    layer: Annotated[
        int | None,
        typer.Option(help="Layer. Default: the first for gradients, the last for others."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Names of the model's outputs, in order: NEG,POS.")
    ] = None,
    device: Device = "auto",
    dtype: Dtype = "float32",
    batch_size: BatchSize = None,
    seed: Seed = 0,
) -> None:
    """Score one text and print its words, coloured by score.

    Example: `rationale explain --model ./classifier --text "not once did it drag" --method input_x_gradient`
    """
    from rich.text import Text

    from rationale.loading.classifier import load_classifier
    from rationale.loading.labels import parse_labels
    from rationale.scores import METHODS, ScoreOptions, score_text
    from rationale.scores.families import meant_layer

    options = ScoreOptions(methods=tuple(method or ["input_x_gradient"]), batch_size=batch_size, seed=seed)
    names = parse_labels(labels)
    classifier = load_classifier(model, device=device, dtype=dtype, labels=names)
    words = read_text_option(text)
    (scored,) = score_text(classifier, words, query=query, options=options)
    console = safe_console()
    console.print(Text(_prediction(scored, classifier.labels), style="bold"))
    for name in options.methods:
        row = scored.row(name, meant_layer(name, scored.layers[name], layer))
        title = f"{METHODS.get(name).title}, layer {scored.layers[name][row]}: each word and its score"
        console.print(Text(title, style="dim"))
        console.print(_coloured(words.split(), scored, name, row))


def _prediction(scored: ScoredDocument, labels: tuple[str, ...]) -> str:
    shares = ", ".join(f"{n} {p:.3f}" for n, p in zip(labels, scored.probabilities, strict=True))
    return f"{scored.predicted}  ({shares})"


def _coloured(words: list[str], scored: ScoredDocument, method: str, row: int) -> Text:
    """Formats the words on amber backgrounds, with their scores: the colour is never the only sign."""
    from rich.text import Text

    scores = scored.words[method][row]
    top = float(abs(scores).max()) or 1.0
    out = Text()
    for word, value in zip(words, scores, strict=True):
        strength = abs(float(value)) / top
        shade = (
            f"#{255 - int(25 * strength):02x}{255 - int(117 * strength):02x}{255 - int(230 * strength):02x}"
        )
        out.append(word, style=f"black on {shade}" if value >= 0 else "black on #9db8e8")
        out.append(f" {value:.3f}  ", style="dim")
    return out

"""``rationale sanity``: checks that scores change when the model's weights are re-drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rationale.commands.options import (
    BatchSize,
    Data,
    Device,
    Dtype,
    Methods,
    Model,
    Overwrite,
    Seed,
    Split,
    seed_numbers,
    typed_command,
)
from rationale.terminal import safe_console, say

if TYPE_CHECKING:
    from rationale.study.sanity.result import Sanity


def sanity(
    model: Model,
    data: Data,
    out: Annotated[Path, typer.Option(help="JSON file to write; interrupted runs resume.")],
    split: Split = None,
    method: Methods = None,
    layer: Annotated[
        list[int] | None,
        typer.Option(
            help="Layer of the scores; repeat for several. Default: the first for gradient methods, the last "
            "for the others."
        ),
    ] = None,
    mode: Annotated[
        str,
        typer.Option(
            help="cascade: re-draw the head, then the layers from the last to the first, then the "
            "embeddings, each in addition; independent: one of these at a time."
        ),
    ] = "cascade",
    draw: Annotated[
        str,
        typer.Option(
            help="init: draw weights as before training (norms 1 and 0); shuffle: permute the numbers of "
            "each weight tensor."
        ),
    ] = "init",
    seeds: Annotated[str, typer.Option(help="Random seeds of the re-drawn weights.")] = "0,1,2",
    k_share: Annotated[
        float, typer.Option(help="Share of a document's words that count as its best, rounded, at least one.")
    ] = 0.1,
    protocol: Annotated[
        str, typer.Option(help="How to read long documents: document, truncate or windows.")
    ] = "document",
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Check a sample of N documents, stratified by label, selected by hash of the id."
        ),
    ] = None,
    random_orders: Annotated[
        int,
        typer.Option(
            help="Random orders of each document's words whose AOPC and NAOPC stand beside each method's; 0 "
            "leaves AOPC and NAOPC out."
        ),
    ] = 5,
    naopc_words: Annotated[
        int,
        typer.Option(
            help="Longest document for NAOPC, in words (60 words take up to 18,300 runs); 0 leaves it out."
        ),
    ] = 60,
    html: Annotated[Path | None, typer.Option(help="Also write one offline HTML page with a chart.")] = None,
    resamples: Annotated[int, typer.Option(min=100, help="Number of bootstrap resamples.")] = 1000,
    device: Device = "auto",
    dtype: Dtype = "float32",
    batch_size: BatchSize = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Check that scores depend on what the model has learnt: re-draw its weights part by part, score again.

    Prints how alike the scores stay (rank correlation, overlap of the best words). A method whose scores
    stay alike after the head and the top half of the layers are random is flagged. Beside it: AOPC and, of
    short documents, NAOPC of the original model's scores and of random orders.

    Example: `rationale sanity --model ./classifier --data movies --split val --limit 50 --method
    input_x_gradient --method attention.all --out sanity.json`
    """
    from rationale.corpus import load_documents
    from rationale.corpus.splits import sample
    from rationale.files import check_output
    from rationale.loading.classifier import load_classifier
    from rationale.study.sanity.check import check_sanity
    from rationale.study.sanity.names import Draw, Mode
    from rationale.study.sanity.options import SanityOptions
    from rationale.study.sanity.orders import plan_orders
    from rationale.tokens import Protocol

    options = SanityOptions(
        methods=tuple(method or ()),
        layers=tuple(layer) if layer else None,
        mode=cast(Mode, mode),  # SanityOptions and the windower refuse other values
        draw=cast(Draw, draw),
        seeds=tuple(seed_numbers(seeds)),
        k_share=k_share,
        protocol=cast(Protocol, protocol),
        batch_size=batch_size,
        random_orders=random_orders,
        naopc_words=naopc_words,
        resamples=resamples,
        seed=seed,
    )
    check_output(out, overwrite=overwrite)
    if html is not None:
        check_output(html, overwrite=overwrite)
    documents = sample(load_documents(data, split), limit)
    classifier = load_classifier(model, device=device, dtype=dtype)
    planned = plan_orders(classifier, documents, options)
    for sentence in () if planned is None else planned.sentences:
        say(sentence)
    result = check_sanity(
        classifier, documents, options, out=out, overwrite=overwrite, command=typed_command()
    )
    _print(result)
    say(f"{out}: {result.documents} documents, {len(options.seeds)} seeds")
    if html is not None:
        from rationale.report.sanity import sanity_page

        say(sanity_page(result, html, overwrite=overwrite))


def _print(result: Sanity) -> None:
    """Prints findings, then the tables."""
    from rationale.report.sanity import order_findings, order_table, sanity_findings, sanity_table

    terminal = safe_console()
    console = terminal if terminal.is_terminal else safe_console(width=160)
    console.print("[bold]In short[/bold]")
    for sentence in (*sanity_findings(result), *order_findings(result)):
        console.print(f"- {sentence}", markup=False, highlight=False)
    console.print(sanity_table(result).to_rich())
    beside = order_table(result)
    if beside is not None:
        console.print(beside.to_rich())

"""``rationale words``: which words and phrases push each class, over a corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rationale.commands.options import Data, Overwrite, Seed, Split, typed_command
from rationale.errors import OutputError
from rationale.terminal import safe_console, say

if TYPE_CHECKING:
    from rationale.corpus.document import Documents
    from rationale.vocabulary import CorpusWords


def words(
    scores: Annotated[Path, typer.Option(help="The folder that `rationale score` wrote.")],
    data: Data,
    method: Annotated[str, typer.Option(help="Score method.")],
    split: Split = None,
    layer: Annotated[
        int | None,
        typer.Option(min=0, help="Layer. Default: the first for gradients, the last for others."),
    ] = None,
    label: Annotated[str | None, typer.Option("--class", help="List this class only. Default: all.")] = None,
    by: Annotated[
        str,
        typer.Option(
            help="Group documents by predicted (class), gold (class), error (predicted class, right or "
            "wrong) or all (one group)."
        ),
    ] = "predicted",
    phrases: Annotated[
        int, typer.Option(min=1, max=5, help="Also count phrases of up to N adjacent words; 1: words only.")
    ] = 1,
    order: Annotated[
        str | None,
        typer.Option(
            help="Order words by their distance from the other words of their documents: score, selected "
            "(share) or percentile. Default: score."
        ),
    ] = None,
    select: Annotated[
        str,
        typer.Option(
            help="Words selected: threshold (score >= eta/n), or top_k_gold (an oracle: as many as gold)."
        ),
    ] = "threshold",
    absolute: Annotated[
        bool, typer.Option("--absolute", help="Use the absolute value of signed methods.")
    ] = False,
    keep_punctuation: Annotated[
        bool, typer.Option("--keep-punctuation", help="Do not strip punctuation from the ends of words.")
    ] = False,
    min_documents: Annotated[
        int, typer.Option(min=1, help="Leave out words that fewer documents of a group hold.")
    ] = 3,
    top: Annotated[int, typer.Option(min=1, help="Number of words printed per group.")] = 20,
    out: Annotated[
        Path | None, typer.Option(help="Also write every word: .csv, .parquet, or .json (sealed).")
    ] = None,
    resamples: Annotated[int, typer.Option(min=100, help="Number of bootstrap resamples.")] = 1000,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Count which words and phrases push each class over a corpus, with intervals. Needs no model.

    Each word is compared with the other words of the same documents, so that frequent words do not lead
    because they are frequent. `--by error` shows which words mislead the model.

    Example: `rationale words --scores scores --data movies --split val --method input_x_gradient.sum
    --out words.csv`
    """
    from rationale.agreement.select import Rule, Select
    from rationale.corpus import load_documents
    from rationale.scores.store import StoredScores
    from rationale.vocabulary import By, Counting, corpus_words
    from rationale.vocabulary.result import Order

    write = None if out is None else _writer(out, overwrite)
    opened = StoredScores(scores)
    eta = opened.recipe.model.eta if select == "threshold" else None
    counting = Counting(
        method=method,
        layer=layer,
        rule=Rule(cast("Select", select), eta, absolute),
        phrases=phrases,
        strip=not keep_punctuation,
    )
    documents = load_documents(data, split or opened.recipe.data.split)
    result = corpus_words(
        opened,
        documents,
        counting,
        by=cast("By", by),  # words_of refuses other values
        label=label,
        order=cast("Order | None", order),
        min_documents=min_documents,
        resamples=resamples,
        seed=seed,
        command=typed_command(),
        progress=True,
    )
    _print(result, top)
    if write is not None:
        write(result, documents)
        say(f"{out}: {sum(len(group.words) for group in result.groups)} rows")


def _print(result: CorpusWords, top: int) -> None:
    """Prints a table per group, then how to read it."""
    from rationale.report.vocabulary import notes, words_table

    terminal = safe_console()
    console = terminal if terminal.is_terminal else safe_console(width=160)
    title = result.recipe.title_of(result.method)
    console.print(f"{title}, layer {result.layer}", style="bold", markup=False, highlight=False)
    for group in result.groups:
        table = words_table(result, group, top=top)
        console.print(table.to_rich() if table.rows else f"{table.caption}; no word to list", markup=False)
    for sentence in notes(result):
        console.print(f"- {sentence}", markup=False, highlight=False)


def _writer(out: Path, overwrite: bool) -> Callable[[CorpusWords, Documents], object]:
    """Returns what writes the file, by its ending, after checking that it may be written."""
    from rationale.files import atomic_path, atomic_text, check_output
    from rationale.report.vocabulary import flat_words
    from rationale.vocabulary.stored import write_words

    def parquet(result: CorpusWords, documents: Documents) -> None:
        import pyarrow.parquet as pq

        with atomic_path(out, overwrite=overwrite) as temporary:
            pq.write_table(flat_words(result).to_arrow(), temporary, compression="zstd")

    writers: dict[str, Callable[[CorpusWords, Documents], object]] = {
        ".csv": lambda result, documents: atomic_text(out, flat_words(result).to_csv(), overwrite=overwrite),
        ".json": lambda result, documents: write_words(out, result, documents, overwrite=overwrite),
        ".parquet": parquet,
    }
    write = writers.get(out.suffix.lower())
    if write is None:
        raise OutputError(
            f"--out must end in .csv, .json or .parquet, not {out.name!r}", remedy="Name it words.csv."
        )
    check_output(out, overwrite=overwrite)
    return write

"""``rationale data``: gets, checks, converts and lists data sets."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rationale.commands.options import Overwrite
from rationale.terminal import safe_console, say, say_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rationale.agreement.annotator_agreement import AnnotatorAgreement
    from rationale.corpus.annotators import Aggregate
    from rationale.corpus.check import SplitCheck
    from rationale.corpus.segment import Segmentation
    from rationale.report.table import Table

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Get, check, convert and list data sets.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Source = Annotated[str, typer.Argument(help="An ERASER folder, a table, a folder of tables …")]
Words = Annotated[
    Literal["spaces", "characters"],
    typer.Option(
        help="How text becomes words: at spaces, or each character of a script without spaces (Chinese, "
        "Japanese, Thai) as a word of its own."
    ),
]

NamedReader = Annotated[
    str | None,
    typer.Option(
        "--reader",
        help="Read a corpus in its authors' own format: hatexplain, toxic-spans, cose, evidence-inference, "
        "fair-rationales, expmrc or vihos.",
    ),
]
NamedSplit = Annotated[
    str | None,
    typer.Option(
        "--split", help="With --reader: the split. A file holds one, an ERASER folder all by default."
    ),
]
Gold = Annotated[
    Literal["union", "majority", "any2", "intersection"] | None,
    typer.Option(
        "--gold", help="The one rationale made of several annotators'. An ERASER folder of them needs it."
    ),
]
SameLabel = Annotated[
    bool, typer.Option("--same-label", help="For --gold, count only annotators with the document's label.")
]
TrueFalse = Annotated[
    bool, typer.Option("--true-false", help="With --reader: make each answer of a question a document.")
]

_ANNOTATORS = 12  # rows of the table; crowd workers are thousands


@app.command()
def get(
    task: Annotated[str, typer.Argument(help="A task of the benchmark; see `rationale data list`.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    url: Annotated[str | None, typer.Option(help="Address to fetch from. Default: the benchmark's.")] = None,
    archive: Annotated[Path | None, typer.Option(help="Unpack this local archive; fetch nothing.")] = None,
    sha256: Annotated[str | None, typer.Option(help="SHA-256 that the archive must have.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Fetch and unpack a task of the ERASER benchmark, then check it.

    Example: `rationale data get movies --out data/movies`
    """
    from rationale.corpus.archive import get_task
    from rationale.corpus.check import check_data

    get_task(task, out, url=url, archive=archive, sha256=sha256, overwrite=overwrite)
    _report(check_data(out), as_json=False)


@app.command()
def check(source: Source, words: Words = "spaces", as_json: Json = False) -> None:
    """Read every split, count its contents, and report every problem. Exit code 1: there are problems.

    Example: `rationale data check data/movies`
    """
    from rationale.corpus.check import check_data

    checks = check_data(source, segmentation=words)
    agreed = {split.split: _agreed(source, split, words) for split in checks}
    _report(checks, as_json=as_json, agreed=agreed)
    if any(split.problems for split in checks):
        raise typer.Exit(1)


@app.command()
def convert(
    source: Source,
    out: Annotated[
        Path,
        typer.Option(
            help="ERASER folder to write; with --reader also FILE.jsonl, with every annotator's marks."
        ),
    ],
    reader: NamedReader = None,
    split: NamedSplit = None,
    gold: Gold = None,
    same_label: SameLabel = False,
    true_false: TrueFalse = False,
    number_duplicates: Annotated[
        bool, typer.Option("--number-duplicates", help="Number ids that occur twice: id, id#2, id#3, …")
    ] = False,
    words: Words = "spaces",
    overwrite: Overwrite = False,
) -> None:
    """Convert any readable data set to an ERASER folder, or a named corpus to JSON lines with its annotators.

    Example: `rationale data convert reviews.csv --out reviews`

    Example: `rationale data convert hatexplain --reader hatexplain --out hatexplain.jsonl`
    """
    from rationale.corpus.check import check_data
    from rationale.corpus.convert import convert_data
    from rationale.errors import RationaleError

    if same_label and gold is None:
        raise RationaleError("--same-label has no effect without --gold", remedy="Pass both, or neither.")
    if reader is not None and (number_duplicates or words != "spaces"):
        raise RationaleError(
            "--number-duplicates and --words have no effect with --reader",
            remedy="A named reader knows the ids and words of its corpus; leave them out.",
        )
    if reader is not None:
        _convert_named(reader, source, out, split, gold, same_label, true_false, overwrite)
        return
    if split is not None or true_false:
        raise RationaleError("--split and --true-false need --reader", remedy="Pass it, or leave them out.")
    convert_data(
        source,
        out,
        duplicate_ids="number" if number_duplicates else "refuse",
        segmentation=words,
        gold=gold,
        same_label=same_label,
        overwrite=overwrite,
    )
    _report(check_data(out), as_json=False)


def _convert_named(
    reader: str,
    source: str,
    out: Path,
    split: str | None,
    gold: Aggregate | None,
    same_label: bool,
    true_false: bool,
    overwrite: bool,
) -> None:
    from rationale.corpus.named.convert import convert_named

    corpora = convert_named(
        reader,
        source,
        out,
        split=split,
        gold=gold,
        same_label=same_label,
        true_false=true_false,
        overwrite=overwrite,
    )
    for name, corpus in corpora.items():
        say(f"{name}: {corpus.counts}")
        for note in corpus.notes:
            say(f"note on {name}: {note}", fg="yellow")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the tasks of the benchmark that `rationale data get` knows."""
    from rationale.corpus.tasks import TASKS
    from rationale.report.table import Column, Table

    if as_json:
        rows = [{"name": name, **asdict(task)} for name, task in TASKS.items()]
        say_json(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    columns = ("Task", "What it is", "Labels", "Read before the document")
    _print(
        Table(
            tuple(Column(title.lower(), title, "text") for title in columns),
            tuple((name, task.title, ", ".join(task.labels), task.query) for name, task in TASKS.items()),
        )
    )


def _agreed(source: str, split: SplitCheck, words: Segmentation) -> AnnotatorAgreement | None:
    """How much a split's annotators agree; None where they cannot be compared."""
    from rationale.agreement.annotator_agreement import annotator_agreement
    from rationale.corpus import load_documents

    if split.problems or not split.annotators:
        return None
    return annotator_agreement(load_documents(source, split.split or None, segmentation=words))


def _report(
    checks: list[SplitCheck],
    *,
    as_json: bool,
    agreed: Mapping[str, AnnotatorAgreement | None] | None = None,
) -> None:
    from rationale.report.table import Column, Table

    found = {name: one for name, one in (agreed or {}).items() if one is not None}
    if as_json:
        rows = [
            asdict(split) | {"annotators_agree": asdict(found[split.split]) if split.split in found else None}
            for split in checks
        ]
        say_json(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    columns = (
        Column("split", "Split", "text"),
        Column("annotations", "Annotations", "integer"),
        Column("documents", "Documents", "integer"),
        Column("words", "Words", "integer"),
        Column("longest", "Longest", "integer"),
        Column("rationale_share", "Rationale share"),
        Column("without_rationale", "Nothing marked", "integer"),
    )
    _print(Table(columns, tuple(_row(split) for split in checks)))
    for split in checks:
        _say_annotators(split, found.get(split.split))
        labels = ", ".join(f"{name} {count}" for name, count in split.labels.items())
        say(f"labels of {split.split or 'all'}: {labels[:2000] or 'none'}")
        for note in split.notes:
            say(f"note on {split.split or 'all'}: {note}", fg="yellow")
        for problem in split.problems[:10]:
            say(f"problem: {problem}", fg="red")
        if len(split.problems) > 10:
            say(f"… and {len(split.problems) - 10} more in {split.split}", fg="red")


def _say_annotators(split: SplitCheck, agreed: AnnotatorAgreement | None) -> None:
    """Prints what each annotator of a split did, and how much they agree."""
    from rationale.report.table import Column, Table

    if not split.annotators:
        return
    columns = (
        Column("annotator", f"Annotators of {split.split or 'all'}", "text"),
        Column("marked", "Marked", "integer"),
        Column("nothing", "Marked nothing", "integer"),
        Column("not_asked", "Not asked", "integer"),
        Column("share", "Words marked"),
    )
    shown = split.annotators[:_ANNOTATORS]
    rows = [
        (one.annotator or "(no name)", one.marked, one.nothing, one.not_asked, one.share) for one in shown
    ]
    _print(Table(columns, tuple(rows)))
    if len(split.annotators) > len(shown):
        say(f"… and {len(split.annotators) - len(shown):,} more annotators")
    if agreed is not None:
        say(agreed.sentence)


def _row(split: SplitCheck) -> tuple[str | int | float | None, ...]:
    counts = (split.annotations, split.documents, split.words, split.longest)
    return (split.split, *counts, split.rationale_share, split.without_rationale)


def _print(table: Table) -> None:
    safe_console().print(table.to_rich())

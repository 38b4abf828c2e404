"""``rationale study``: runs experiments over whole data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rationale.commands.options import Data, Model, Overwrite, Seed, seed_numbers, typed_command
from rationale.commands.train import Dev, Limit, TrainSplit, with_options
from rationale.terminal import safe_console, say
from rationale.training.options import TrainingOptions

if TYPE_CHECKING:
    from rationale.study.topk.conditions import Condition

app = typer.Typer(no_args_is_help=True, add_completion=False)

METHODS = "human,input_x_gradient:gold,input_x_gradient,rollout.all,rollout.cls,random,lead"


@app.callback()
def study() -> None:
    """Run an experiment over a whole data set."""


@app.command()
@with_options(TrainingOptions, without=("seed", "reinit_head"))
def topk(
    model: Model,
    data: Data,
    out: Annotated[
        Path, typer.Option(help="Folder for all runs, predictions.parquet, study.json and study.html.")
    ],
    options: TrainingOptions,
    methods: Annotated[
        str,
        typer.Option(
            help="Conditions, separated by commas: human, random, lead, or a score method as METHOD, "
            "METHOD:gold (gradient of the gold label) or METHOD@3 (its layer 3); not-CONDITION keeps all "
            "words but those."
        ),
    ] = METHODS,
    complement: Annotated[
        bool, typer.Option("--complement", help="Add the complement of every condition.")
    ] = False,
    budget: Annotated[
        str,
        typer.Option(
            help="Words a condition keeps: rationale (as many as the gold rationale), N%, or N. "
            "human and kept keep their own number of words."
        ),
    ] = "rationale",
    protocol: Annotated[
        Literal["truncate", "packed"],
        typer.Option(
            help="truncate: words of the first window, at their own positions. packed: words of the whole "
            "document, without gaps."
        ),
    ] = "truncate",
    adapler: Annotated[
        str | None,
        typer.Option(help="Dropping model for the conditions policy_score and kept."),
    ] = None,
    layer: Annotated[
        int | None, typer.Option(min=0, help="Layer for policy_score and kept where none is given.")
    ] = None,
    seeds: Annotated[
        str, typer.Option(help="Random seeds, separated by commas; each trains every condition once.")
    ] = "0",
    eval_split: Annotated[str, typer.Option(help="Evaluation split.")] = "test",
    split: TrainSplit = None,
    dev: Dev = "0.1",
    limit: Limit = None,
    eval_limit: Annotated[int | None, typer.Option(help="Evaluate on about N documents.")] = None,
) -> None:
    """Train a classifier on the words that each method ranks best: are they enough? Interrupted runs resume.

    The full input is always a condition: its model scores the words of its seed. Human rationales and
    METHOD:gold are oracles, and so is a budget of as many words as the gold rationale has.

    Example: `rationale study topk --model ./encoder --data movies --eval-split val --out study --epochs 3
    --methods human,input_x_gradient:gold,rollout.all,random --seeds 0,1,2`
    """
    from rationale.corpus.splits import sample
    from rationale.report.topk import conditions_table, topk_page
    from rationale.study.topk.budget import Budget
    from rationale.study.topk.study import StudyOptions, study_topk
    from rationale.training.data import evaluation_split, hold_out, training_split

    training = training_split(data, split)
    compared = sample(evaluation_split(data, eval_split, training, dev), eval_limit)
    training, held_out = hold_out(sample(training, limit), dev, data=data)
    chosen = StudyOptions(
        _conditions(methods, layer, complement=complement),
        seed_numbers(seeds),
        Budget.parse(budget),
        "original" if protocol == "truncate" else "packed",
        options,
        adapler,
    )
    result = study_topk(model, training, held_out, compared, out, chosen, command=typed_command())
    page = topk_page(result, out / "study.html", overwrite=True)
    safe_console().print(conditions_table(result.records).to_rich())
    say(f"{page}: open it in any browser; it needs no network")


def _conditions(methods: str, layer: int | None, *, complement: bool) -> list[Condition]:
    from rationale.study.topk.conditions import Condition
    from rationale.study.topk.names import FULL

    conditions = [Condition.parse(text.strip()) for text in methods.split(",") if text.strip()]
    if layer is not None:
        conditions = [
            Condition.parse(f"{condition.text}@{layer}")
            if condition.dropping and condition.layer is None
            else condition
            for condition in conditions
        ]
    if complement:
        conditions += [
            Condition.parse(f"not-{condition.text}")
            for condition in conditions
            if not condition.complement and condition.method != FULL
        ]
    return conditions


@app.command()
def faithfulness(
    agreement: Annotated[
        Path, typer.Option(help="JSON file of `rationale agree`, of scores made with --faithfulness.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for faithfulness.json and faithfulness.html.")],
    resamples: Annotated[int, typer.Option(min=100, help="Number of bootstrap resamples.")] = 1000,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Correlate plausibility (AP, ROC-AUC, FPR) with faithfulness (comprehensiveness, sufficiency, AOPC).

    Example: `rationale score --model classifier --data movies --split val --faithfulness --out scores;
    rationale agree --scores scores --data movies --out agreement.json;
    rationale study faithfulness --agreement agreement.json --out faithfulness`
    """
    from rationale.agreement import Agreement
    from rationale.agreement.correlation import CORRELATIONS, correlate
    from rationale.files import check_output
    from rationale.report.faithfulness import between_table, faithfulness_page

    result, page = check_output(out / "faithfulness.json", overwrite=overwrite), out / "faithfulness.html"
    loaded = Agreement.load(agreement)
    correlations = correlate(loaded, resamples=resamples, seed=seed, command=typed_command())
    CORRELATIONS.write(result, correlations, overwrite=overwrite)
    faithfulness_page(correlations, loaded, page, overwrite=True)
    safe_console().print(between_table(correlations).to_rich())
    say(f"{page}: open it in any browser; it needs no network")

"""The benchmark's tasks and where it publishes them."""

from __future__ import annotations

from dataclasses import dataclass

from rationale.registry import Registry

_ADDRESS = "https://www.eraserbenchmark.com/zipped/{}.tar.gz"


@dataclass(frozen=True, slots=True)
class EraserTask:
    """A task of the ERASER benchmark.

    Attributes:
        url: Where the benchmark publishes it.
        title: What the documents are.
        labels: The classes.
        query: The segment that is read before the document; empty where there is none.
    """

    url: str
    title: str
    labels: tuple[str, ...]
    query: str = ""


TASKS: Registry[EraserTask] = Registry("task")


def _add(name: str, title: str, labels: str, query: str = "") -> None:
    TASKS.register(name)(EraserTask(_ADDRESS.format(name), title, tuple(labels.split(", ")), query))


_add("movies", "Film reviews, positive or negative", "NEG, POS")
_add("multirc", "Passages with a question and one answer to judge", "False, True", "question || answer")
_add("boolq", "Wikipedia passages with a yes/no question", "False, True", "question")
_add("fever", "Wikipedia passages and a claim to verify", "REFUTES, SUPPORTS", "claim")
_add(
    "evidence_inference",
    "Reports of clinical trials: what an intervention did to an outcome",
    "significantly increased, significantly decreased, no significant difference",
    "intervention, comparator, outcome",
)
_add("esnli", "Pairs of sentences: does one follow from the other", "contradiction, entailment, neutral")
_add("cose", "Commonsense questions with five answers to choose from", "A, B, C, D, E", "the answers")

"""Makes the sample in ``sample/``: film reviews in ERASER layout whose rationales are planted, hence known.

Beside it, ``annotators.jsonl`` has the reviews of val with what three simulated annotators marked.
``python eraser_data/make_sample.py`` writes both, ``--check`` verifies that the committed files are what it
writes. The sentences come from ``grammar.toml``; how a review is built of them is decided here. Only
``random.random`` is drawn from, whose sequence Python promises to keep: every version writes the same bytes.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).parent
SEED = 20
PARTS = (("train", 1200), ("val", 150), ("test", 150), ("train", 1200))
"""The second part of train came later: it stands last so that no other review changed."""
LABELS = {"NEG": "neg", "POS": "pos"}
OTHER = {"neg": "pos", "pos": "neg"}
DECIDING = {"plain": 0.66, "negated": 0.20, "contrast": 0.10, "disputed": 0.04}
DISTRACTING = {"reported": 0.45, "elsewhere": 0.2, "expected": 0.15, "story": 0.2}
AGREES = 0.4  # how often a distracting opinion happens to have the review's own polarity
ANNOTATED = "val"  # the split that annotators.jsonl has
FUNCTION_WORDS = re.compile("an?|and|as|at|but|did|does|i|in|is|it|its|me|of|so|that|the|to|was")
MISSES = 0.3  # how often annotator C overlooks a group of the planted rationale
OTHER_LABEL = 0.08  # how often C reads the review as the other class
NOTHING, NOT_ASKED = 0.06, 0.06  # how often C is asked and marks no word, and is not asked
SLOT = re.compile(r"\{(?:(own|opp)\.)?([a-z]+)(\d?)(?::(\d))?\}")

T = TypeVar("T")


@dataclass
class Sentence:
    """Words, the (start, end) ranges among them that decide the label, and the evidence group of those."""

    words: list[str] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    group: int = -1


class Writer:
    """Writes one review; no filler and no template comes twice before its list is used up.

    Args:
        grammar: The content of ``grammar.toml``.
        rng: Where chance comes from.
    """

    def __init__(self, grammar: Mapping[str, Any], rng: random.Random) -> None:
        self.grammar, self.rng = grammar, rng
        self.used: dict[int, set[str]] = {}
        self.once: dict[str, list[str]] = {}

    def below(self, limit: int) -> int:
        """A number from 0 to ``limit - 1``."""
        return int(self.rng.random() * limit)

    def draw(self, items: Sequence[str]) -> str:
        """An item of the list that this review has not seen yet."""
        used = self.used.setdefault(id(items), set())
        if len(used) == len(items):
            used.clear()
        fresh = [item for item in items if item not in used]
        choice = fresh[self.below(len(fresh))]
        used.add(choice)
        return choice

    def weighted(self, weights: Mapping[str, float]) -> str:
        """A key, with the probability that stands beside it."""
        point = self.rng.random() * sum(weights.values())
        for name, weight in weights.items():
            point -= weight
            if point < 0:
                return name
        return next(reversed(list(weights)))

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in an order of chance."""
        return [item for _, _, item in sorted((self.rng.random(), i, item) for i, item in enumerate(items))]

    def fill(self, template: str, own: str) -> str:
        """The template with every slot filled; ``own`` is the polarity ("pos", "neg") it is made for."""
        here: dict[str, list[str]] = {}

        def filler(match: re.Match[str]) -> str:
            side, name, number, form = match.groups()
            forms = self.once if name in self.grammar["once"] else here
            key = f"{side}.{name}{number}"
            if key in forms:
                return forms[key][int(form or 0) if forms is here else -1]
            polarity = own if side == "own" else OTHER[own]
            lists = self.grammar["polar"][polarity] if side else self.grammar["fillers"]
            forms[key] = self.fill(self.draw(lists[name]), own).split("|")
            return forms[key][int(form or 0)]

        return SLOT.sub(filler, template)

    def write(self, templates: Sequence[str], own: str = "pos") -> list[Sentence]:
        """The sentences of one template drawn from ``templates``."""
        text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", self.fill(self.draw(templates), own))
        sentences, inside = [], False
        for line in text.split(" / "):
            sentence, start = Sentence(), 0
            for position, marked in enumerate(re.sub(r"\w", lambda m: m[0].upper(), line, count=1).split()):
                sentence.words.append(marked.strip("[]"))
                if marked.startswith("["):
                    start, inside = position, True
                if inside and (marked.endswith("]") or position == len(line.split()) - 1):
                    sentence.spans.append((start, position + 1))
                    inside = not marked.endswith("]")
            sentences.append(sentence)
        return sentences


def review(grammar: Mapping[str, Any], own: str, rng: random.Random) -> list[Sentence]:
    """The sentences of one review whose deciding clauses all have the polarity ``own``.

    An opening; the story; what the reviewer and others say of the film, in any order; a neutral close. Now
    and then a verdict comes before the story, so that the place in the text gives nothing away.
    """
    writer = Writer(grammar, rng)
    neutral = grammar["neutral"]
    verdicts = [
        writer.write(grammar["deciding"][writer.weighted(DECIDING)], own) for _ in range(3 + writer.below(2))
    ]
    for group, sentences in enumerate(verdicts):
        for sentence in sentences:
            sentence.group = group
    early = [verdicts.pop()] if rng.random() < 0.35 else []
    story = [writer.write(neutral["setup"])]
    talk: list[list[Sentence]] = []
    for _ in range(1 + writer.below(2)):
        kind = writer.weighted(DISTRACTING)
        polarity = own if rng.random() < AGREES else OTHER[own]
        (story if kind == "story" else talk).append(writer.write(grammar["distracting"][kind], polarity))
    story += [writer.write(neutral["turn"]) for _ in range(writer.below(2))]
    talk += [writer.write(neutral["fact"]) for _ in range(writer.below(2))]
    close = [writer.write(neutral["closing"])] if rng.random() < 0.4 else []
    parts = [writer.write(neutral["opening"]), *early, *story, *writer.shuffled(verdicts + talk), *close]
    return [sentence for part in parts for sentence in part]


def annotation(name: str, label: str, sentences: Sequence[Sentence]) -> dict[str, Any]:
    """The review's line of ``train.jsonl``: its label and, group by group, the clauses that decide it."""
    groups: dict[int, list[dict[str, Any]]] = {}
    offset = 0
    for number, sentence in enumerate(sentences):
        for start, end in sentence.spans:
            evidence = {
                "docid": name,
                "start_token": offset + start,
                "end_token": offset + end,
                "start_sentence": number,
                "end_sentence": number + 1,
                "text": " ".join(sentence.words[start:end]),
            }
            groups.setdefault(sentence.group, []).append(evidence)
        offset += len(sentence.words)
    return {
        "annotation_id": name,
        "classification": label,
        "docids": [name],
        "evidences": list(groups.values()),
        "query": "",
        "query_type": None,
    }


def annotated(name: str, label: str, sentences: Sequence[Sentence], rng: random.Random) -> dict[str, Any]:
    """The review's line of ``annotators.jsonl``: what three simulated annotators say of it.

    All start from the planted rationale. A marks its cue words, B the clauses around it, C some of its
    groups; in a few reviews C marks nothing, is not asked, or gives the other label.
    """
    words = [word for sentence in sentences for word in sentence.words]
    cues: list[int] = []
    clauses: list[int] = []
    groups: dict[int, list[int]] = {}
    for offset, sentence in zip(offsets(sentences), sentences, strict=True):
        for start, end in sentence.spans:
            places = range(offset + start, offset + end)
            cues += [place for place in places if not FUNCTION_WORDS.fullmatch(bare(words[place]))]
            clauses += [offset + place for place in clause(sentence.words, start, end)]
            groups.setdefault(sentence.group, []).extend(places)
    seen = [place for places in groups.values() if rng.random() >= MISSES for place in places]
    state, other = rng.random(), rng.random() < OTHER_LABEL
    asked = state >= NOT_ASKED
    said = runs(seen) if asked and state >= NOT_ASKED + NOTHING else []
    swapped = next(one for one in LABELS if one != label)
    return {
        "id": name,
        "words": words,
        "label": label,
        "annotations": [
            mark("A", label, runs(cues)),
            mark("B", label, runs(clauses)),
            mark("C", swapped if other else label, said, asked=asked),
        ],
    }


def mark(name: str, label: str, spans: list[list[int]], *, asked: bool = True) -> dict[str, Any]:
    """What one annotator says of a review."""
    state = "not_asked" if not asked else "marked" if spans else "nothing"
    return {"annotator": name, "state": state, "label": label, "spans": spans}


def offsets(sentences: Sequence[Sentence]) -> list[int]:
    """The number of words before each sentence."""
    return [sum(len(sentence.words) for sentence in sentences[:i]) for i in range(len(sentences))]


def bare(word: str) -> str:
    """The word in lower case, without punctuation."""
    return re.sub(r"\W", "", word).lower()


def clause(words: Sequence[str], start: int, end: int) -> range:
    """The words from the punctuation before ``start`` to the punctuation at or behind ``end``."""
    while start > 0 and words[start - 1][-1].isalnum():
        start -= 1
    while end < len(words) and words[end - 1][-1].isalnum():
        end += 1
    return range(start, end)


def runs(places: Sequence[int]) -> list[list[int]]:
    """The ``[start, end)`` ranges of these word numbers."""
    chosen = sorted(set(places))
    starts = [place for place in chosen if place - 1 not in chosen]
    ends = [place + 1 for place in chosen if place + 1 not in chosen]
    return [list(span) for span in zip(starts, ends, strict=True)]


def files(seed: int = SEED) -> Iterator[tuple[str, str]]:
    """Name and content of every file, relative to this folder."""
    grammar = tomllib.loads((HERE / "grammar.toml").read_text(encoding="utf-8"))
    rng = random.Random(seed)
    order = Writer(grammar, rng)
    asking = random.Random(seed + 1)  # of its own: what annotators say changes no review
    documents, annotators, number = [], [], 0
    splits: dict[str, list[str]] = {}
    for split, size in PARTS:
        lines = splits.setdefault(split, [])
        for label in order.shuffled([list(LABELS)[i % 2] for i in range(size)]):
            name = f"review_{(number := number + 1):04d}"
            sentences = review(grammar, LABELS[label], rng)
            text = "\n".join(" ".join(sentence.words) for sentence in sentences)
            documents.append(json.dumps({"docid": name, "document": text}))
            lines.append(json.dumps(annotation(name, label, sentences)))
            if split == ANNOTATED:
                annotators.append(json.dumps(annotated(name, label, sentences, asking)))
    for split, lines in splits.items():
        yield f"sample/{split}.jsonl", "\n".join(lines) + "\n"
    yield "sample/docs.jsonl", "\n".join(documents) + "\n"
    yield "annotators.jsonl", "\n".join(annotators) + "\n"


def main() -> int:
    """Writes or checks the sample; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE, help="the folder (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="compare with the folder, write nothing")
    options = parser.parse_args()
    wrong = 0
    for name, content in files():
        path = options.out / name
        if options.check:
            same = path.is_file() and path.read_bytes() == content.encode("utf-8")
            wrong += not same
            print(f"{'same' if same else 'DIFFERENT'}  {path}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode("utf-8"))
            print(f"{len(content):>8}  {path}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

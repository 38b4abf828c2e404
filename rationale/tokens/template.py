"""The special tokens that a tokenizer puts around text, read once from probes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from rationale.arrays import Int32
from rationale.errors import ModelError
from rationale.tokens.backend import (
    encode,
    explained_tokenizer,
    own_tokens,
    require_fast,
    tokenizer_label,
    untouched,
)

_PIECES = 100


@dataclass(frozen=True)
class _Form:
    """Special ids before, between and after the segments, and the type ids of all parts, in order."""

    specials: tuple[tuple[int, ...], ...]
    special_types: tuple[tuple[int, ...], ...]
    segment_types: tuple[int, ...]


@dataclass(frozen=True)
class Template:
    """``[CLS] words [SEP]`` and ``[CLS] query [SEP] words [SEP]``, in the tokenizer's special tokens."""

    single: _Form
    pair: _Form

    def extra(self, *, pair: bool) -> int:
        """The number of special tokens in one input."""
        return sum(len(part) for part in (self.pair if pair else self.single).specials)

    def highest_type(self, *, pair: bool) -> int:
        """The highest token type id of an input."""
        form = self.pair if pair else self.single
        return max(
            (*form.segment_types, *(type_id for part in form.special_types for type_id in part)), default=0
        )

    def build(self, *segments: Int32) -> tuple[Int32, Int32, tuple[slice, ...]]:
        """Joins one or two segments with the special tokens.

        Args:
            *segments: Token ids, int32 (n_i,), in the order the model reads them.

        Returns:
            ids and type ids, int32 (n,), and the slice of each segment in them.
        """
        form = self.single if len(segments) == 1 else self.pair
        ids: list[Int32] = [np.asarray(form.specials[0], dtype=np.int32)]
        types: list[Int32] = [np.asarray(form.special_types[0], dtype=np.int32)]
        segments_at: list[slice] = []
        position = ids[0].size
        for number, segment in enumerate(segments):
            segments_at.append(slice(position, position + segment.size))
            specials_after = np.asarray(form.specials[number + 1], dtype=np.int32)
            ids += [segment, specials_after]
            types.append(np.full(segment.size, form.segment_types[number], dtype=np.int32))
            types.append(np.asarray(form.special_types[number + 1], dtype=np.int32))
            position += segment.size + specials_after.size
        return np.concatenate(ids), np.concatenate(types), tuple(segments_at)


def read_template(tokenizer: Any) -> Template:
    """Reads the template from two probes: a text in which the tokenizer finds a token, and a pair of it.

    Type ids are 0 where the tokenizer does not list them among its model's inputs: then training did not use
    them either.

    Raises:
        ModelError: For a slow tokenizer, one that finds a token in no text, or one whose probes are not
            segments between special tokens.
    """
    require_fast(tokenizer)
    text = _tokenizable_text(tokenizer)
    return Template(_probe(tokenizer, text), _probe(tokenizer, text, text))


def _tokenizable_text(tokenizer: Any) -> str:
    """A text in which the tokenizer finds a token: a letter, else a piece of its vocabulary.

    Raises:
        ModelError: Where no candidate gives a token.
    """
    failure: ModelError | None = None
    for text in _candidate_texts(tokenizer):
        try:
            if encode(tokenizer, text)[0].size:
                return text
        except ModelError as error:
            failure = error
    if failure is not None:
        raise failure
    raise ModelError(
        f"the tokenizer finds no token in any text: not in a letter, nor in {_PIECES} pieces of its "
        "vocabulary",
        where=tokenizer_label(tokenizer),
        remedy="Save the tokenizer the model was trained with (tokenizer.json) into the folder.",
    )


def _candidate_texts(tokenizer: Any) -> Iterator[str]:
    """Yields ``a``, which most tokenizers know, then pieces of the vocabulary: it may be of digits or Han."""
    yield "a"
    template_tokens, vocabulary = own_tokens(tokenizer), tokenizer.get_vocab()
    for token in islice((token for token in sorted(vocabulary) if token not in template_tokens), _PIECES):
        yield token
        yield str(tokenizer.backend_tokenizer.decode([vocabulary[token]], skip_special_tokens=False)).strip()


def _probe(tokenizer: Any, *texts: str) -> _Form:
    with untouched(tokenizer), explained_tokenizer(tokenizer, patterns=False):
        encoded = tokenizer(*texts, return_token_type_ids=True, truncation=False, padding=False)
    owners = encoded.sequence_ids(0)
    has_types = "token_type_ids" in tokenizer.model_input_names
    type_ids = encoded["token_type_ids"] if has_types else [0] * len(owners)
    specials: list[list[int]] = [[]]
    types: list[list[int]] = [[]]
    segment_types: list[int] = []
    order: list[int] = []
    for token, type_id, owner in zip(encoded["input_ids"], type_ids, owners, strict=True):
        if owner is None:
            specials[-1].append(token)
            types[-1].append(type_id)
        elif owner not in order:
            order.append(owner)
            segment_types.append(type_id)
            specials.append([])
            types.append([])
    if order != list(range(len(texts))):
        raise ModelError(
            f"a probe of {len(texts)} segments came back as segments {order}",
            where=tokenizer_label(tokenizer),
            remedy="The tokenizer's post-processor is unusual; report it with its tokenizer.json.",
        )
    return _Form(
        tuple(tuple(part) for part in specials), tuple(tuple(part) for part in types), tuple(segment_types)
    )

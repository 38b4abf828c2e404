"""Text as the model was trained to read it: added markers are tokens, the template's own stay text."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from tokenizers import Tokenizer

from rationale.arrays import Int32, Int64
from rationale.errors import ModelError

_ONE_AT_A_TIME = RLock()
_OWN = ("cls_token", "sep_token", "pad_token", "mask_token", "unk_token")


@dataclass(frozen=True)
class _Reader:
    """How a tokenizer's text is read.

    Attributes:
        known: The added tokens this was made for: more may be added later.
        backend: A copy in which only the template's own tokens are special; None where no others are.
        patterns: Whether it has regular expressions of its own, which may never end.
    """

    known: frozenset[tuple[int, bool]]
    backend: Any
    patterns: bool


_READERS: WeakKeyDictionary[Any, _Reader] = WeakKeyDictionary()


def encode(tokenizer: Any, text: str) -> tuple[Int32, Int64]:
    """The ids of a text's T tokens, int32 (T,), without template, and where each begins, int64 (T,).

    Tokens that somebody added, special or not, are found in the text, as in training with transformers.
    Those that the template uses (CLS, SEP, PAD, MASK, UNK and whatever else it puts around a text) are not:
    a document that spells them means their letters.

    Raises:
        ModelError: Where the tokenizer has no fast version, or fails on the text.
    """
    require_fast(tokenizer)
    with untouched(tokenizer):
        reader = _reader(tokenizer)
        with explained_tokenizer(tokenizer, patterns=reader.patterns):
            if reader.backend is not None:
                found = reader.backend.encode(text, add_special_tokens=False)
                ids, offsets = found.ids, found.offsets
            else:
                encoded = tokenizer(
                    text,
                    add_special_tokens=False,
                    return_offsets_mapping=True,
                    return_attention_mask=False,
                    truncation=False,
                    split_special_tokens=True,
                    verbose=False,
                )
                ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    return np.asarray(ids, dtype=np.int32), np.asarray(offsets, dtype=np.int64).reshape(-1, 2)[:, 0]


def _reader(tokenizer: Any) -> _Reader:
    backend = tokenizer.backend_tokenizer
    added = backend.get_added_tokens_decoder()
    known = frozenset((number, token.special) for number, token in added.items())
    reader = _READERS.get(tokenizer)
    if reader is None or reader.known != known:
        own = own_tokens(tokenizer)
        markers = {token.content for token in added.values() if token.special and token.content not in own}
        copy = _with_markers(backend, markers) if markers else None
        patterns = any("Regex(" in str(part) for part in (backend.normalizer, backend.pre_tokenizer))
        reader = _READERS[tokenizer] = _Reader(known, copy, patterns)
    return reader


def own_tokens(tokenizer: Any) -> frozenset[str]:
    """The special tokens by role, and those that the template puts around a text."""
    backend = tokenizer.backend_tokenizer
    with untouched(tokenizer):
        backend.no_truncation()
        backend.no_padding()
        around = backend.encode("", add_special_tokens=True).tokens
    roles = (getattr(tokenizer, role) for role in _OWN)
    return frozenset(around) | {str(token) for token in roles if token is not None}


def _with_markers(backend: Any, markers: set[str]) -> Any:
    """A copy in which ``markers`` are found in text and every other special token is not."""
    content = json.loads(backend.to_str())
    for token in content["added_tokens"]:
        token["special"] = token["special"] and token["content"] not in markers
    copy = Tokenizer.from_str(json.dumps(content))
    copy.no_truncation()
    copy.no_padding()
    copy.encode_special_tokens = True
    return copy


@contextmanager
def untouched(tokenizer: Any) -> Iterator[None]:
    """Puts back the settings that every call of a fast tokenizer changes for good; one thread at a time.

    transformers switches truncation, padding and the splitting of special tokens on the shared backend.
    """
    backend = tokenizer.backend_tokenizer
    with _ONE_AT_A_TIME:
        truncation, padding, special = backend.truncation, backend.padding, backend.encode_special_tokens
        try:
            yield
        finally:
            backend.encode_special_tokens = special
            if truncation is not None:
                backend.enable_truncation(**truncation)
            if padding is not None:
                backend.enable_padding(**padding)


def require_fast(tokenizer: Any) -> None:
    """Raises ModelError for a tokenizer without a fast version: only those report character offsets."""
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(
            "this tokenizer has no fast version, so its tokens cannot be aligned with words",
            where=tokenizer_label(tokenizer),
            remedy="Save the model with a tokenizer.json (AutoTokenizer converts most slow tokenizers).",
        )


def tokenizer_label(tokenizer: Any) -> str:
    """What messages call a tokenizer: where it was loaded from, else its class."""
    return str(getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__)


@contextmanager
def explained_tokenizer(tokenizer: Any, *, patterns: bool) -> Iterator[None]:
    """Whatever the tokenizer stumbles over becomes a ModelError, a panic of its Rust code too.

    Args:
        tokenizer: The one that runs.
        patterns: Whether it may panic, so that the report of a panic has to be kept off standard error.
    """
    try:
        with _no_panic_report() if patterns else _nothing():
            yield
    except BaseException as error:
        if not (isinstance(error, Exception) or type(error).__name__ == "PanicException"):
            raise  # a keyboard interrupt, an exit
        raise ModelError(
            f"the tokenizer fails on this text ({_first_line(error)})",
            where=tokenizer_label(tokenizer),
            remedy="One of the patterns in its tokenizer.json takes too long, or it has no token for unknown "
            "text; repair that file, or use another model.",
        ) from error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _no_panic_report() -> Iterator[None]:
    """Holds back what is written to standard error; passes it on unless a panic ends the block.

    Rust reports a panic there before Python hears of it, backtrace and all.
    """
    try:
        sys.stderr.flush()
        real = os.dup(2)
    except (OSError, ValueError, AttributeError):  # standard error is closed
        yield
        return
    panicked = False
    with TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException as error:
            panicked = type(error).__name__ == "PanicException"
            raise
        finally:
            os.dup2(real, 2)
            os.close(real)
            held.seek(0)
            rest = held.read()
            if rest and not panicked:
                os.write(2, rest)

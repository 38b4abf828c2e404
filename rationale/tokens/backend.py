"""Tokenizes text as the model was trained to read it: added markers are tokens, template tokens are text."""

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

from rationale.arrays import Int32, Int64
from rationale.errors import ModelError

_ONE_AT_A_TIME = RLock()
_TEMPLATE_ROLES = ("cls_token", "sep_token", "pad_token", "mask_token", "unk_token")


@dataclass(frozen=True)
class _Backend:
    """The backend that encodes text for a tokenizer.

    Attributes:
        known: The added tokens when this was built; more may be added later.
        backend: A copy in which only the template's tokens are special; None where no others are.
        patterns: Whether it has regular expressions, on which its Rust code may panic.
    """

    known: frozenset[tuple[int, bool]]
    backend: Any
    patterns: bool


_BACKENDS: WeakKeyDictionary[Any, _Backend] = WeakKeyDictionary()


def encode(tokenizer: Any, text: str) -> tuple[Int32, Int64]:
    """Token ids of a text, int32 (T,), without template, and the first character of each token, int64 (T,).

    Added tokens, special or not, are found in the text, as in training with transformers. Tokens of the
    template (CLS, SEP, PAD, MASK, UNK and whatever else it puts around a text) are not: where a document
    spells them, they are letters.

    Raises:
        ModelError: Where the tokenizer has no fast version, or fails on the text.
    """
    require_fast(tokenizer)
    with untouched(tokenizer):
        cached = _backend(tokenizer)
        with explained_tokenizer(tokenizer, patterns=cached.patterns):
            if cached.backend is not None:
                encoding = cached.backend.encode(text, add_special_tokens=False)
                ids, offsets = encoding.ids, encoding.offsets
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


def _backend(tokenizer: Any) -> _Backend:
    backend = tokenizer.backend_tokenizer
    added = backend.get_added_tokens_decoder()
    known = frozenset((number, token.special) for number, token in added.items())
    cached = _BACKENDS.get(tokenizer)
    if cached is None or cached.known != known:
        template_tokens = own_tokens(tokenizer)
        markers = {
            token.content
            for token in added.values()
            if token.special and token.content not in template_tokens
        }
        copy = _with_markers(backend, markers) if markers else None
        patterns = any("Regex(" in str(part) for part in (backend.normalizer, backend.pre_tokenizer))
        cached = _BACKENDS[tokenizer] = _Backend(known, copy, patterns)
    return cached


def own_tokens(tokenizer: Any) -> frozenset[str]:
    """The template's tokens: the special tokens by role, and those it puts around a text."""
    backend = tokenizer.backend_tokenizer
    with untouched(tokenizer):
        backend.no_truncation()
        backend.no_padding()
        template_tokens = backend.encode("", add_special_tokens=True).tokens
    roles = (getattr(tokenizer, role) for role in _TEMPLATE_ROLES)
    return frozenset(template_tokens) | {str(token) for token in roles if token is not None}


def _with_markers(backend: Any, markers: set[str]) -> Any:
    """A copy in which ``markers`` are found in text and every other special token is not."""
    from tokenizers import Tokenizer

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
    """Restores the settings that a call of a fast tokenizer changes; one thread at a time.

    transformers sets truncation, padding and the splitting of special tokens on the shared backend.
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
    """Raises ModelError for a tokenizer without a fast version: only fast ones report character offsets."""
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(
            "this tokenizer has no fast version, so its tokens cannot be aligned with words",
            where=tokenizer_label(tokenizer),
            remedy="Save the model with a tokenizer.json (AutoTokenizer converts most slow tokenizers).",
        )


def tokenizer_label(tokenizer: Any) -> str:
    """The name of a tokenizer in messages: its source, or else its class."""
    return str(getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__)


@contextmanager
def explained_tokenizer(tokenizer: Any, *, patterns: bool) -> Iterator[None]:
    """Turns any exception of the tokenizer into a ModelError, including a panic of its Rust code.

    Args:
        tokenizer: The tokenizer that runs in the block.
        patterns: Whether it may panic: then the report of a panic is kept off standard error.
    """
    try:
        with _no_panic_report() if patterns else _unchanged():
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
def _unchanged() -> Iterator[None]:
    yield


@contextmanager
def _no_panic_report() -> Iterator[None]:
    """Buffers standard error; writes it out unless a panic ends the block.

    Rust reports a panic there, with a backtrace, before Python gets the exception.
    """
    try:
        sys.stderr.flush()
        stderr = os.dup(2)
    except (OSError, ValueError, AttributeError):  # standard error is closed
        yield
        return
    panicked = False
    with TemporaryFile() as buffer:
        os.dup2(buffer.fileno(), 2)
        try:
            yield
        except BaseException as error:
            panicked = type(error).__name__ == "PanicException"
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            buffer.seek(0)
            content = buffer.read()
            if content and not panicked:
                os.write(2, content)

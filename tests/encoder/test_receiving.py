"""What rows receive, block by block, against the whole attention matrix of transformers and of head_mean."""

from dataclasses import replace

import pytest
import torch

from rationale.encoder import attend_with_received, head_mean, plain_attention
from tests.encoder.batches import close, heads_of, windows_of
from tests.encoder.plain import one
from tests.lanes import first_fast
from tests.toys import MODELS

pytestmark = pytest.mark.parametrize("name", first_fast(MODELS))


def test_it_is_the_column_sum_of_eager_attention(name):
    heads, packed = heads_of(name)
    ends = torch.tensor(packed.lengths).cumsum(0).tolist()
    for layer, given in enumerate(heads):
        _, received = attend_with_received(given, packed)
        for window, end, length in zip(windows_of(name), ends, packed.lengths, strict=True):
            with torch.no_grad():
                theirs = one(name, window).attentions[layer][0].mean(dim=0)
            close(received.total[end - length : end], theirs.sum(dim=0))
            close(received.own[end - length : end], theirs.diagonal())


def test_the_context_is_that_of_plain_attention(name):
    heads, packed = heads_of(name)
    for layer, given in enumerate(heads):
        close(attend_with_received(given, packed)[0], plain_attention(layer, given, packed))


@pytest.mark.slow
@pytest.mark.parametrize("room", [1, 700, 20_000])
def test_it_does_not_depend_on_the_block_it_is_computed_in(name, room, monkeypatch):
    heads, packed = heads_of(name)
    whole = [attend_with_received(given, packed) for given in heads]
    monkeypatch.setattr("rationale.encoder.attention._BLOCK", {"cpu": room})
    for given, (context, received) in zip(heads, whole, strict=True):
        parts, again = attend_with_received(given, packed)
        close(parts, context)
        close(again.total, received.total)
        close(again.own, received.own)


def test_only_voters_count_and_hidden_keys_receive_nothing(name):
    heads, packed = heads_of(name)
    there = torch.rand(len(packed.ids), generator=torch.Generator().manual_seed(0)) < 0.6
    there[packed.cls_index] = True
    hidden = replace(heads[0], bias=torch.zeros(len(there)).masked_fill(~there, -10_000.0))
    _, received = attend_with_received(hidden, packed, there)
    matrix = head_mean(hidden, packed) * packed.padding.pad(there.float())[:, :, None]
    close(received.total, packed.padding.unpad(matrix.sum(dim=1)))
    assert not received.total[~there].any()
    votes = packed.segment_sum(there.float())
    close(packed.segment_sum(received.total), votes)  # every voter has 1 to give


@pytest.mark.parametrize("room", [1 << 20, 700])
def test_gradients_are_those_of_the_whole_matrix(name, room, monkeypatch):
    monkeypatch.setattr("rationale.encoder.attention._BLOCK", {"cpu": room})
    heads, packed = heads_of(name)
    weights = torch.randn(len(packed.ids), generator=torch.Generator().manual_seed(1))
    found = []
    for whole in (False, True):
        leaves = [rows.clone().requires_grad_() for rows in (heads[0].query, heads[0].key, heads[0].value)]
        given = replace(heads[0], query=leaves[0], key=leaves[1], value=leaves[2])
        if whole:
            monkeypatch.setattr("rationale.encoder.attention._BLOCK", {"cpu": 1 << 30})
            total = packed.padding.unpad(_matrix(given, packed).sum(dim=1))
            context = plain_attention(0, given, packed)
        else:
            context, received = attend_with_received(given, packed)
            total = received.total
        loss = (total * weights).sum() + (context * weights[:, None]).sum()
        found.append(torch.autograd.grad(loss, leaves))
    for ours, theirs in zip(*found, strict=True):
        close(ours, theirs, 1e-4)


def _matrix(heads, packed):
    """Head-mean attention by einsum, differentiable; rows of padding 0."""
    pad, width = packed.padding.pad, heads.query.shape[-1]
    logits = torch.einsum("bqhw,bkhw->bhqk", pad(heads.query), pad(heads.key)) * width**-0.5
    mask = packed.padding.pad(torch.ones(len(packed.ids))).bool()
    if heads.sliding_window is not None:
        places = pad(packed.positions)
        near = (places[:, :, None] - places[:, None, :]).abs() <= heads.sliding_window
        logits = logits.masked_fill(~near[:, None], -1e9)
    logits = logits.masked_fill(~mask[:, None, None, :], -1e9)
    return logits.softmax(dim=-1).mean(dim=1) * mask[:, :, None]

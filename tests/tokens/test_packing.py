"""Packed batches hold every input's rows once, and padded blocks go there and back."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rationale.tokens import buckets, pack

quick = settings(max_examples=50, deadline=None)
sizes = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def packed_of(lengths):
    inputs = [np.arange(1, n + 1, dtype=np.int32) + 10 * i for i, n in enumerate(lengths)]
    return inputs, pack(inputs, [np.zeros(n, np.int32) for n in lengths])


@quick
@given(lengths=sizes)
def test_each_input_lies_where_starts_and_example_say(lengths):
    inputs, packed = packed_of(lengths)
    assert packed.positions.tolist() == [p for n in lengths for p in range(n)]
    for number, one in enumerate(inputs):
        assert packed.ids[packed.batch_index == number].tolist() == one.tolist()
        assert packed.ids[packed.cls_index[number]] == one[0]


@quick
@given(lengths=sizes)
def test_padding_is_zero_and_comes_off_again(lengths):
    inputs, packed = packed_of(lengths)
    rows = torch.stack([packed.ids, -packed.ids], dim=1)
    block = packed.padding.pad(rows)
    assert block.shape == (len(lengths), max(lengths), 2)
    for number, one in enumerate(inputs):
        assert block[number, : len(one), 0].tolist() == one.tolist()
        assert not block[number, len(one) :].any()
    assert torch.equal(packed.padding.unpad(block), rows)
    if packed.padding.mask is None:
        assert len(set(lengths)) == 1
    else:
        assert packed.padding.mask.sum(dim=1).tolist() == lengths


@quick
@given(lengths=st.lists(st.integers(1, 50), max_size=40), size=st.integers(1, 7))
def test_buckets_take_each_input_once_neighbours_in_length_together(lengths, size):
    batches = list(buckets(lengths, size))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(0 < len(batch) <= size for batch in batches)
    order = [lengths[i] for batch in batches for i in batch]
    assert order == sorted(lengths, reverse=True)

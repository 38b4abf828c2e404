"""Dropout on attention weights while training, against transformers' own and against its mean."""

from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from rationale.encoder import FAMILIES, attend_with_received, plain_attention
from tests.encoder.batches import close, heads_of, packed_of, windows_of
from tests.lanes import first_fast
from tests.toys import MODELS, toy_classifier, toy_folder

RATE = 0.3


def both(layer, heads, packed):
    return attend_with_received(heads, packed)[0]


@pytest.mark.parametrize("way", [plain_attention, both])
def test_an_equal_seed_gives_the_logits_of_transformers(way):
    """All other dropout off: the random numbers fall on the same weights."""
    changes = {"attention_probs_dropout_prob": RATE, "hidden_dropout_prob": 0.0}
    model = AutoModelForSequenceClassification.from_pretrained(
        toy_folder("bert", **changes), attn_implementation="eager"
    )
    window = windows_of("bert")[0]
    packed = packed_of([window])
    encoder = FAMILIES.get("bert")(model)
    ids, types = packed.ids[None], packed.types[None]
    found = []
    for seed in range(3):
        model.train()
        torch.manual_seed(seed)
        theirs = model(input_ids=ids, token_type_ids=types).logits
        torch.manual_seed(seed)
        ours = encoder.forward_from(0, encoder.embed(packed), packed, way)
        close(ours, theirs)
        found.append(ours)
    assert not torch.allclose(found[0], found[1], atol=1e-5)
    model.eval()
    assert torch.equal(
        encoder.forward_from(0, encoder.embed(packed), packed, way),
        encoder.forward_from(0, encoder.embed(packed), packed, way),
    )


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_every_family_drops_in_training_mode_only(name):
    classifier = toy_classifier(name)
    encoder = classifier.encoder
    packed = packed_of(windows_of(name))
    hidden = encoder.embed(packed)
    before = dict(vars(encoder.config))
    try:
        for option in ("attention_probs_dropout_prob", "attention_dropout"):
            if hasattr(encoder.config, option):
                setattr(encoder.config, option, RATE)
        assert encoder.project(0, hidden, packed).dropout == 0
        encoder.model.train()
        assert encoder.project(0, hidden, packed).dropout == RATE
    finally:
        encoder.model.eval()
        vars(encoder.config).update(before)


@pytest.mark.slow
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("name", first_fast(MODELS))
def test_the_mean_over_many_draws_is_attention_without_dropout(name, biased):
    heads, packed = heads_of(name)
    given = heads[0]
    if biased:
        bias = torch.randn(len(packed.ids), generator=torch.Generator().manual_seed(2))
        given = replace(given, bias=bias)
    dropped = replace(given, dropout=RATE)
    expected, received = attend_with_received(given, packed)
    torch.manual_seed(0)
    draws = 600
    drawn = [attend_with_received(dropped, packed) for _ in range(draws)]
    contexts = (
        torch.stack([one for one, _ in drawn]),
        torch.stack([plain_attention(0, dropped, packed) for _ in drawn]),
    )
    for found, mean in (
        *((one, expected) for one in contexts),
        (torch.stack([r.total for _, r in drawn]), received.total),
        (torch.stack([r.own for _, r in drawn]), received.own),
    ):
        spread = found.std(dim=0)
        assert spread.max() > 0
        assert ((found.mean(dim=0) - mean).abs() <= 6 * spread / draws**0.5 + 1e-5).all()

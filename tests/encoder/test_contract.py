"""The contract of every encoder family: packed sequences give what transformers gives."""

import pytest
import torch

from rationale.encoder import FAMILIES, attend_and_report, head_mean, plain_attention
from rationale.tokens import pack
from tests.encoder.batches import close, gaps, packed_of, windows_of
from tests.encoder.plain import FAMILY_OF, one, padded
from tests.lanes import first_fast
from tests.toys import MODELS, toy_classifier

pytestmark = pytest.mark.parametrize("name", first_fast(MODELS))


@pytest.fixture(autouse=True)
def no_graph():
    with torch.no_grad():
        yield


def test_the_family_is_the_configs(name):
    encoder = toy_classifier(name).encoder
    assert isinstance(encoder, FAMILIES.get(FAMILY_OF[name]))
    assert encoder.config.model_type == FAMILY_OF[name]


def test_the_longest_input_fills_every_position(name):
    windows = windows_of(name)
    longest = max(len(w.ids) for w in windows)  # the toy vocabulary's ties decide whether a word just fits
    assert 60 <= longest <= toy_classifier(name).max_length == 64
    assert len({len(w.ids) for w in windows}) > 3


def test_logits_equal_transformers_one_by_one(name):
    for window in windows_of(name):
        close(toy_classifier(name).logits(packed_of([window])), one(name, window).logits)


def test_logits_equal_transformers_padded_batch(name):
    windows = windows_of(name)
    close(toy_classifier(name).logits(packed_of(windows)), padded(name, windows))


def test_logits_in_float64_are_exact(name):
    windows = windows_of(name)
    ours = toy_classifier(name, dtype="float64").logits(packed_of(windows))
    alone = [one(name, window, dtype="float64", attention="sdpa").logits for window in windows]
    assert ours.dtype == torch.float64
    close(ours, torch.cat(alone), 1e-11)  # eager ModernBERT takes its softmax in float32, SDPA does not


def test_batch_equals_single_equals_shuffled(name):
    windows, logits = windows_of(name), toy_classifier(name).logits
    together = logits(packed_of(windows))
    close(together, torch.cat([logits(packed_of([w])) for w in windows]))
    order = [4, 1, 5, 0, 3, 2]
    close(together[order], logits(packed_of([windows[i] for i in order])))


def test_deleted_tokens_leave_gaps_as_position_ids_do(name):
    windows = windows_of(name)
    keeps = gaps(windows)
    theirs = torch.cat([one(name, w, keep=k).logits for w, k in zip(windows, keeps, strict=True)])
    ours = toy_classifier(name).logits(packed_of(windows, keeps))
    close(ours, theirs)
    closed_up = pack(
        [w.ids[k] for w, k in zip(windows, keeps, strict=True)],
        [w.types[k] for w, k in zip(windows, keeps, strict=True)],
    )
    assert not torch.allclose(ours, toy_classifier(name).logits(closed_up), atol=1e-3)


@pytest.mark.parametrize("with_gaps", [False, True])
def test_attention_equals_the_head_mean_of_eager_attention(name, with_gaps):
    windows = windows_of(name)
    keeps = gaps(windows) if with_gaps else None
    read = []
    attend = attend_and_report(lambda layer, attention: read.append((layer, attention)))
    toy_classifier(name).mask(packed_of(windows, keeps), attend)
    assert [layer for layer, _ in read] == list(range(toy_classifier(name).encoder.layers))
    for number, window in enumerate(windows):
        keep = keeps[number] if with_gaps else None
        for (_, ours), theirs in zip(read, one(name, window, keep=keep).attentions, strict=True):
            size = theirs.shape[-1]
            close(ours[number, :size, :size], theirs[0].mean(dim=0))
            assert not ours[number, size:].any()
            assert not ours[number, :, size:].any()


def test_attention_does_not_depend_on_the_block_it_is_computed_in(name, monkeypatch):
    windows = windows_of(name)
    kept = []

    def attend(layer, heads, packed):
        kept.append((heads, packed))
        return plain_attention(layer, heads, packed)

    toy_classifier(name).mask(packed_of(windows), attend)
    whole = [head_mean(*one) for one in kept]
    monkeypatch.setattr("rationale.encoder.attention._BLOCK", {"cpu": 1})
    for before, (heads, packed) in zip(whole, kept, strict=True):
        close(head_mean(heads, packed), before, 1e-6)


def test_reading_attention_changes_nothing(name):
    packed = packed_of(windows_of(name))
    read = (
        toy_classifier(name)
        .mask(packed, attend_and_report(lambda layer, attention: attention.zero_()))
        .logits
    )
    assert torch.equal(read, toy_classifier(name).logits(packed))


def test_dropout_is_off_and_nothing_can_be_trained(name):
    classifier, packed = toy_classifier(name), packed_of(windows_of(name))
    assert torch.equal(classifier.logits(packed), classifier.logits(packed))
    assert not any(parameter.requires_grad for parameter in classifier.encoder.model.parameters())


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_probabilities_are_softmax_or_the_sigmoid_of_one_logit(name, outputs):
    windows, classifier = windows_of(name, outputs=outputs), toy_classifier(name, outputs=outputs)
    theirs = torch.cat([one(name, window, outputs=outputs).logits for window in windows]).double()
    ours = classifier.probabilities(classifier.logits(packed_of(windows)))
    assert ours.dtype == torch.float64
    if outputs == 1:
        close(ours, torch.cat([(-theirs).sigmoid(), theirs.sigmoid()], dim=-1), 1e-5)
        assert classifier.labels == ("not NEG", "NEG")
    else:
        close(ours, theirs.softmax(dim=-1), 1e-5)
        assert classifier.labels == ("NEG", "POS", "MIXED")[:outputs]


def test_the_tail_from_any_layer_ends_in_the_same_logits(name):
    encoder, packed = toy_classifier(name).encoder, packed_of(windows_of(name))
    hidden = encoder.embed(packed)
    logits = encoder.forward_from(0, hidden, packed, plain_attention)
    for layer in range(encoder.layers):
        close(encoder.forward_from(layer, hidden, packed, plain_attention), logits, 1e-6)
        hidden = encoder.layer(layer, hidden, packed, plain_attention)


def test_what_enters_each_layer_equals_transformers_hidden_states(name):
    window = windows_of(name)[1]
    encoder, packed = toy_classifier(name).encoder, packed_of([window])
    theirs = one(name, window).hidden_states
    hidden = encoder.embed(packed)
    for layer in range(encoder.layers):
        close(hidden / hidden.abs().max(), theirs[layer][0] / hidden.abs().max())
        hidden = encoder.layer(layer, hidden, packed, plain_attention)

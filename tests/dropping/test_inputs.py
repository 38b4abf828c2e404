"""What a dropping model takes as inputs, and the message for everything else."""

import pytest
import torch
from transformers import AutoConfig, BertForQuestionAnswering

from rationale.dropping.model import wrap
from rationale.errors import ModelError
from tests.dropping.models import dropping_model
from tests.toys import toy_folder, toy_tokenizer, wordy


@pytest.fixture(scope="module")
def model():
    return dropping_model("bert")


@pytest.fixture(scope="module")
def inputs():
    texts = [" ".join(wordy(length, length)) for length in (12, 5)]
    made = toy_tokenizer("wordpiece")(texts, return_tensors="pt", padding=True)
    assert made["input_ids"].shape == (2, 20)
    return made


def additive(mask):
    return (1.0 - mask) * -1e4


EXPECTED = r"Expected shape \(batch, tokens\), 1 for tokens and 0 for padding"
MASKS = {
    "4-D": (lambda mask: mask[:, None, None], rf"attention_mask has shape \(2, 1, 1, 20\).*{EXPECTED}"),
    "longer": (lambda mask: torch.cat([mask, mask], dim=1), rf"has shape \(2, 40\).*{EXPECTED}"),
    "one for all": (lambda mask: mask[:1], rf"has shape \(1, 20\), input_ids \(2, 20\).*{EXPECTED}"),
    "additive": (additive, rf"attention_mask holds -10000\..*{EXPECTED}"),
    "additive without padding": (
        lambda mask: additive(torch.ones_like(mask)),
        rf"input 0 of the batch has no tokens: its attention_mask is all 0\. {EXPECTED}",
    ),
    "a padded row": (lambda mask: mask * torch.tensor([[1], [0]]), rf"input 1 .*has no tokens.*{EXPECTED}"),
    "NaN": (lambda mask: mask * torch.nan, rf"attention_mask holds nan.*{EXPECTED}"),
    "numbered": (lambda mask: mask * torch.tensor([[1], [2]]), rf"attention_mask holds 2\..*{EXPECTED}"),
}


@pytest.mark.parametrize("mask", MASKS)
def test_a_mask_that_is_no_mask_of_tokens_is_refused(model, inputs, mask):
    change, message = MASKS[mask]
    with pytest.raises(ModelError, match=message):
        model(**inputs | {"attention_mask": change(inputs["attention_mask"])})


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32, torch.bfloat16, torch.int32])
def test_a_mask_of_any_dtype_is_taken(model, inputs, dtype):
    mask = inputs["attention_mask"]
    with torch.no_grad():
        expected, found = (model(**inputs | {"attention_mask": m}).logits for m in (mask, mask.to(dtype)))
    assert torch.equal(found, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda ids: {"input_ids": ids[0]},
            r"input_ids has shape \(20,\), expected \(batch, tokens\).*\[None\]",
        ),
        (
            lambda ids: {"input_ids": ids[None]},
            r"input_ids has shape \(1, 2, 20\), expected \(batch, tokens\)",
        ),
        (lambda ids: {"input_ids": ids[:, :0]}, "input 0 of the batch has no tokens: input_ids is empty"),
        (
            lambda ids: {"input_ids": ids, "token_type_ids": torch.zeros_like(ids[:1])},
            r"token_type_ids has shape \(1, 20\), input_ids \(2, 20\)",
        ),
    ],
    ids=["1-D", "3-D", "no tokens", "types of one"],
)
def test_ids_and_types_of_another_shape_are_refused(model, inputs, change, message):
    with pytest.raises(ModelError, match=message):
        model(**change(inputs["input_ids"]))


def test_an_empty_batch_has_empty_outputs(model, inputs):
    nothing = {name: values[:0] for name, values in inputs.items()}
    out = model(**nothing)
    assert out.logits.shape == (0, 2)
    assert out.logits.dtype == model.dtype
    assert out.tokens_kept.shape == (0, 1 + model.encoder.layers)
    some = model(**inputs).tokens_kept
    assert torch.cat([out.tokens_kept, some]).dtype == some.dtype == torch.int64


def test_an_empty_batch_of_questions_has_empty_outputs():
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(toy_folder("bert"))
    answering = wrap(BertForQuestionAnswering(config), "adapler").eval()
    out = answering(input_ids=torch.zeros(0, 5, dtype=torch.long))
    assert out.start_logits.shape == out.end_logits.shape == (0, 5)

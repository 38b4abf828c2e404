"""The oracle: transformers itself, one input at a time or padded, with eager attention."""

import torch

from tests.toys import MODELS, plain_model

TYPED = ("bert", "electra")


def one(name, window, *, keep=None, **settings):
    """What transformers gives for one input; with ``keep`` for those tokens alone, each in its old place."""
    model = plain_model(name, **settings)
    places = torch.arange(len(window.ids)) if keep is None else torch.as_tensor(keep)
    inputs = {"input_ids": torch.from_numpy(window.ids).long()[places][None]}
    if name in TYPED:
        inputs["token_type_ids"] = torch.from_numpy(window.types).long()[places][None]
    if keep is None:
        return model(
            **inputs, output_attentions=settings.get("attention") != "sdpa", output_hidden_states=True
        )
    if name.startswith("modernbert"):
        return _modernbert(model, inputs["input_ids"], places)
    first = model.config.pad_token_id + 1 if name == "roberta" else 0
    return model(**inputs, position_ids=places[None] + first, output_attentions=True)


def _modernbert(model, ids, places):
    """ModernBERT with gaps: rotary positions it takes, but its local mask counts rows, so it is spelt out."""
    near = (places[:, None] - places[None]).abs() <= model.config.local_attention // 2
    hide = torch.zeros(near.shape).masked_fill(~near, torch.finfo(torch.float32).min)
    masks = {"full_attention": None, "sliding_attention": hide[None, None]}
    out = model.model(ids, attention_mask=masks, position_ids=places[None], output_attentions=True)
    rows = out.last_hidden_state[0]
    pooled = rows[:1] if model.config.classifier_pooling == "cls" else rows.mean(dim=0, keepdim=True)
    out.logits = model.classifier(model.head(pooled))
    return out


def padded(name, windows, **settings):
    """Logits of a batch padded by transformers' own rules."""
    model = plain_model(name, **settings)
    longest, pad = max(len(w.ids) for w in windows), model.config.pad_token_id
    ids = torch.full((len(windows), longest), pad)
    types, mask = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, window in enumerate(windows):
        size = len(window.ids)
        ids[row, :size], types[row, :size] = torch.from_numpy(window.ids), torch.from_numpy(window.types)
        mask[row, :size] = 1
    more = {"token_type_ids": types} if name in TYPED else {}
    return model(input_ids=ids, attention_mask=mask, **more).logits


FAMILY_OF = {name: name.split("-")[0] for name in MODELS}

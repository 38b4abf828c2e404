"""A token-dropping classifier as transformers knows models: saved, loaded, used in a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    PreTrainedModel,
)
from transformers.loss.loss_utils import ForSequenceClassificationLoss
from transformers.modeling_outputs import QuestionAnsweringModelOutput, SequenceClassifierOutput

from rationale.dropping.run import hard
from rationale.dropping.system import SYSTEMS, System
from rationale.dropping_config import DroppingConfig, Keywords, register
from rationale.encoder import FAMILIES, Encoder
from rationale.encoder.base import MASKED_LOGIT
from rationale.encoder.quantization import quantize
from rationale.encoder.weights import check_weights
from rationale.errors import ModelError
from rationale.tokens.packing import Packed


@dataclass
class AnsweringOutput(QuestionAnsweringModelOutput):
    """The answering model's output, and ``tokens_kept`` as of :class:`DroppingOutput`."""

    tokens_kept: Tensor | None = None


@dataclass
class DroppingOutput(SequenceClassifierOutput):
    """The classifier's output, and ``tokens_kept``, int64 (B, 1 + L): at the start and in each layer."""

    tokens_kept: Tensor | None = None


class DroppingModel(PreTrainedModel):
    """A backbone whose tokens leave on the way, by the rule of one system.

    Called as transformers call a model, it runs hard: rows that are dropped are computed no further, whatever
    the batch and its padding. What is learnt by degrees goes through :func:`rationale.dropping.run.soft`.

    Args:
        config: What to build.
        backbone: The model whose tokens leave; None builds an untrained one of the config, whose settings
            must then be whole.
    """

    head: Any

    config_class = DroppingConfig
    base_model_prefix = "backbone"
    main_input_name = "input_ids"
    _keep_in_fp32_modules_strict = {"system"}  # noqa: RUF012 (what decides is compared in float32)
    _supports_sdpa = True

    def __init__(self, config: DroppingConfig, backbone: PreTrainedModel | None = None) -> None:
        super().__init__(config)
        self.num_labels = config.num_labels
        own = config.backbone_config()
        if own.model_type not in FAMILIES:
            raise ModelError(
                f"there is no adapter for the encoder family {own.model_type!r}",
                remedy=f"Known families: {', '.join(FAMILIES)}.",
            )
        if backbone is None and own.num_labels != config.num_labels:
            raise ModelError(
                f"{config.num_labels} labels are asked for, and the model was trained for {own.num_labels}",
                remedy="Leave out num_labels; `rationale train` trains a model for other labels.",
            )
        self.backbone: Any = backbone
        if backbone is None:  # in the arithmetic the whole is loaded in, not that of its own config
            self.backbone = self.head.from_config(
                own, dtype=torch.get_default_dtype(), trust_remote_code=False
            )
        if config.bits is not None:
            quantize(self.backbone, config.bits)
        encoder = self.encoder
        width = encoder.width
        try:
            self.system: System = SYSTEMS.get(config.system)(encoder.layers, width, **config.settings)
        except TypeError as error:
            raise ModelError(
                f"{config.system} does not know these settings: {config.settings}",
                remedy="config.json is of another version or was changed.",
            ) from error
        lost = sorted(self.system.settings.keys() - config.settings.keys())
        if lost and backbone is None:
            raise ModelError(
                f"config.json lacks settings of {config.system} ({', '.join(lost)})",
                remedy="Take it from where the model was saved: a default would be another model.",
            )
        config.settings = dict(self.system.settings)
        self.post_init()  # type: ignore[no-untyped-call]

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: Any, *args: Any, output_loading_info: bool = False, **given: Any
    ) -> Any:
        """As of every transformers model; weights that are not all there are refused.

        Raises:
            ModelError: Where a weight is missing, of another shape, or of another system.
        """
        source = pretrained_model_name_or_path
        loaded: Any = super().from_pretrained(source, *args, output_loading_info=True, **given)
        model, report = loaded
        check_weights(report, model, str(source))
        return loaded if output_loading_info else model

    def _init_weights(self, module: Any) -> None:
        """The backbone and the system initialise their own parameters."""
        if isinstance(module, System):
            module.reset_buffers()

    @property
    def encoder(self) -> Encoder:
        """The family's adapter over the backbone."""
        return FAMILIES.get(self.config.backbone["model_type"])(self.backbone)

    def rounding(self, bits: int) -> Self:
        """The same weights in layers that round to so many bits; still to be calibrated."""
        config = DroppingConfig(self.config.backbone, self.config.system, self.config.settings, bits)
        made = type(self)(config, self.backbone)
        made.system.load_state_dict(self.system.state_dict())
        return made

    def save_pretrained(self, save_directory: Any, *args: Any, **settings: Any) -> None:
        """Saves weights and config; AdapLeR's eta stands in the config too, where people look for it."""
        eta = getattr(self.system, "eta", None)
        if eta is not None:
            self.config.eta = eta.detach().tolist()
        super().save_pretrained(save_directory, *args, **settings)

    def get_input_embeddings(self) -> Any:
        """The backbone's."""
        return self.backbone.get_input_embeddings()

    def _hard(
        self, input_ids: Tensor | None, attention_mask: Tensor | None, token_type_ids: Tensor | None
    ) -> tuple[Tensor, Tensor, Packed]:
        """Logits, tokens kept (B, 1 + L), and the batch."""
        if input_ids is None:
            raise ModelError("a dropping model reads input_ids", remedy="Pass them; embeddings are not read.")
        batch = packed(input_ids, attention_mask, token_type_ids)
        run = hard(self.encoder, self.system, batch)
        return (
            run.logits,
            torch.cat([run.tokens_kept.new_tensor(batch.lengths)[None], run.tokens_kept]).T,
            batch,
        )

    def _refuse(self, asked: Mapping[str, object]) -> None:
        """Says of what this model does not do that it does not.

        Raises:
            ModelError: Where something else than None or False was given, or config.json asks for it.
        """
        own = {
            name: getattr(self.config, name, None) for name in ("output_attentions", "output_hidden_states")
        }
        given = [
            name for name, value in (own | dict(asked)).items() if value is not None and value is not False
        ]
        if given:
            raise ModelError(
                f"a dropping model does not take {', '.join(given)}: its rows leave on the way",
                remedy="Leave it out. `rationale trace` and `rationale score` tell of each layer.",
            )

    def _given(self, output: Any, return_dict: bool | None) -> Any:
        """The output, or its values as a tuple where that is asked for."""
        wanted = self.config.return_dict if return_dict is None else return_dict
        return output if wanted else output.to_tuple()


class DroppingForSequenceClassification(DroppingModel):
    """A classifier, or a model of a number, whose tokens leave."""

    head = AutoModelForSequenceClassification

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        num_items_in_batch: Tensor | int | None = None,
        **asked: Any,
    ) -> DroppingOutput | tuple[Any, ...]:
        """Logits (B, C) in hard mode, from padded int64 (B, n); with ``labels`` (B,) the mean loss.

        ``num_items_in_batch``, as transformers' trainer gives it, divides the loss instead of B.

        Raises:
            ModelError: Where anything else is asked for, such as attentions, or positions are given.
        """
        self._refuse(asked)
        logits, tokens_kept = self._hard(input_ids, attention_mask, token_type_ids)[:2]
        loss = None if labels is None else self._loss(logits.float(), labels)
        if loss is not None and num_items_in_batch is not None:
            loss = loss * (len(logits) / num_items_in_batch)
        return self._given(DroppingOutput(loss=loss, logits=logits, tokens_kept=tokens_kept), return_dict)  # type: ignore[no-any-return]

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """As transformers computes it: of numbers the squared error, of classes the cross entropy."""
        if self.config.problem_type == "regression":
            labels = labels.float()
        config = copy(self.config)  # transformers writes the problem type it guessed into it
        loss: Tensor = ForSequenceClassificationLoss(labels, logits, config)
        return loss


class DroppingForQuestionAnswering(DroppingModel):
    """A model that answers, whose tokens leave; those that left are restored as they last left a layer."""

    head = AutoModelForQuestionAnswering

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        return_dict: bool | None = None,
        **asked: Any,
    ) -> AnsweringOutput | tuple[Any, ...]:
        """Logits of the answer's first and last token, (B, n) each, in hard mode; padding is nowhere.

        With their places, (B,) each or as ``labels`` (B, 2), the mean loss.

        Raises:
            ModelError: Where anything else is asked for, such as attentions, or positions are given.
        """
        asked.pop("num_items_in_batch", None)
        self._refuse(asked)
        if labels is not None:
            start_positions, end_positions = labels.unbind(dim=-1)
        logits, tokens_kept, batch = self._hard(input_ids, attention_mask, token_type_ids)
        start, end = self._padded(logits, input_ids, attention_mask, batch)  # type: ignore[arg-type]
        loss = None
        if start_positions is not None and end_positions is not None:
            first = functional.cross_entropy(start, start_positions)
            loss = (first + functional.cross_entropy(end, end_positions)) / 2
        output = AnsweringOutput(loss=loss, start_logits=start, end_logits=end, tokens_kept=tokens_kept)
        return self._given(output, return_dict)  # type: ignore[no-any-return]

    @staticmethod
    def _padded(logits: Tensor, ids: Tensor, mask: Tensor | None, batch: Packed) -> tuple[Tensor, Tensor]:
        """Where the batch was padded, on whichever side."""
        there = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        block = logits.new_full((*ids.shape, 2), MASKED_LOGIT)
        block[there] = batch.padding.unpad(logits)
        start, end = block.unbind(dim=-1)
        return start, end


def packed(ids: Tensor, mask: Tensor | None = None, types: Tensor | None = None) -> Packed:
    """A padded batch (B, n) laid end to end; padding on either side leaves no trace."""
    there = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
    positions = there.long().cumsum(dim=1) - 1
    kinds = torch.zeros_like(ids) if types is None else types
    lengths = there.sum(dim=1).tolist()
    if min(lengths) == 0:
        raise ModelError("an input has no tokens at all", remedy="Give at least its special tokens.")
    return Packed(ids[there], kinds[there], positions[there], tuple(lengths))


def wrap(model: Any, system: str, settings: Keywords | None = None) -> DroppingModel:
    """A dropping model around a ``…ForSequenceClassification`` or ``…ForQuestionAnswering``.

    It shares the model's weights.
    """
    config = DroppingConfig(model.config.to_dict(), system, settings)
    answers = type(model).__name__.endswith("ForQuestionAnswering")
    return (DroppingForQuestionAnswering if answers else DroppingForSequenceClassification)(config, model)


register()
AutoModelForSequenceClassification.register(DroppingConfig, DroppingForSequenceClassification, exist_ok=True)
AutoModelForQuestionAnswering.register(DroppingConfig, DroppingForQuestionAnswering, exist_ok=True)

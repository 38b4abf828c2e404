"""Token-dropping models for transformers: saved, loaded and used in pipelines as any other model."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, NoReturn, Self

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

from rationale.dropping.inputs import packed, refuse
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
    """The output of question answering, with ``tokens_kept`` as in :class:`DroppingOutput`."""

    tokens_kept: Tensor | None = None


@dataclass
class DroppingOutput(SequenceClassifierOutput):
    """The classifier's output, with ``tokens_kept``, int64 (B, 1 + L): before layer 0 and in each layer."""

    tokens_kept: Tensor | None = None


class DroppingModel(PreTrainedModel):
    """A backbone whose tokens are dropped layer by layer, by the rule of one system.

    Called as any model of transformers, it drops hard: dropped rows are removed, whatever the batch and its
    padding. Soft dropping, for training, is :func:`rationale.dropping.run.soft`.

    Args:
        config: The config of the model to build.
        backbone: The model whose tokens are dropped; None builds an untrained one of the config, whose
            settings must then be complete.
    """

    head: Any

    config_class = DroppingConfig
    base_model_prefix = "backbone"
    main_input_name = "input_ids"
    _keep_in_fp32_modules_strict = {"system"}  # noqa: RUF012 (decisions compare in float32)
    _supports_sdpa = True

    def __init__(self, config: DroppingConfig, backbone: PreTrainedModel | None = None) -> None:
        super().__init__(config)
        self.num_labels = config.num_labels
        backbone_config = config.backbone_config()
        if backbone_config.model_type not in FAMILIES:
            raise ModelError(
                f"there is no adapter for the encoder family {backbone_config.model_type!r}",
                remedy=f"Known families: {', '.join(FAMILIES)}.",
            )
        if backbone is None and backbone_config.num_labels != config.num_labels:
            raise ModelError(
                f"{config.num_labels} labels are requested, and the model was trained for "
                f"{backbone_config.num_labels}",
                remedy="Leave out num_labels; `rationale train` trains a model for other labels.",
            )
        self.backbone: Any = backbone
        if backbone is None:  # in the dtype of the whole model, not that of the backbone's config
            self.backbone = self.head.from_config(
                backbone_config, dtype=torch.get_default_dtype(), trust_remote_code=False
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
        missing = sorted(self.system.settings.keys() - config.settings.keys())
        if missing and backbone is None:
            raise ModelError(
                f"config.json lacks settings of {config.system} ({', '.join(missing)})",
                remedy="Take it from where the model was saved: a default would be another model.",
            )
        config.settings = dict(self.system.settings)
        self.post_init()  # type: ignore[no-untyped-call]

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: Any, *args: Any, output_loading_info: bool = False, **kwargs: Any
    ) -> Any:
        """Loads as every model of transformers, and refuses incomplete weights.

        Raises:
            ModelError: Where a weight is missing, of another shape, or of another system.
        """
        source = pretrained_model_name_or_path
        loaded: Any = super().from_pretrained(source, *args, output_loading_info=True, **kwargs)
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
        """A model that shares these weights, in layers that round to ``bits`` bits; not calibrated yet."""
        config = DroppingConfig(self.config.backbone, self.config.system, self.config.settings, bits)
        model = type(self)(config, self.backbone)
        model.system.load_state_dict(self.system.state_dict())
        return model

    def save_pretrained(self, save_directory: Any, *args: Any, **settings: Any) -> None:
        """Saves weights and config; AdapLeR's eta is written to the config, too, where people look for it."""
        eta = getattr(self.system, "eta", None)
        if eta is not None:
            self.config.eta = eta.detach().tolist()
        super().save_pretrained(save_directory, *args, **settings)

    def get_input_embeddings(self) -> Any:
        """The input embeddings of the backbone."""
        return self.backbone.get_input_embeddings()

    def resize_token_embeddings(self, *args: Any, **settings: Any) -> Any:
        """Resizes the backbone's input embeddings, with the arguments of every model of transformers."""
        embeddings = self.backbone.resize_token_embeddings(*args, **settings)
        self.config.vocab_size = self.backbone.config.vocab_size
        return embeddings

    def prune_heads(self, heads: object) -> NoReturn:
        """Refuses to prune attention heads.

        Raises:
            ModelError: Always.
        """
        raise ModelError(
            f"a dropping model does not prune attention heads, asked for {heads}",
            remedy="Train a plain model that has fewer heads, then its dropping with `rationale train`.",
        )

    def _hard(
        self, input_ids: Tensor | None, attention_mask: Tensor | None, token_type_ids: Tensor | None
    ) -> tuple[Tensor, Tensor, Packed]:
        """Logits, tokens kept (B, 1 + L), and the batch; no rows for an empty batch."""
        if input_ids is None:
            raise ModelError("a dropping model reads input_ids, got none", remedy="Pass input_ids.")
        batch = packed(input_ids, attention_mask, token_type_ids)
        if not batch.lengths:
            logits = torch.empty(0, self.num_labels or 0, dtype=self.dtype, device=input_ids.device)
            return logits, input_ids.new_empty(0, 1 + self.encoder.layers, dtype=torch.int64), batch
        run = hard(self.encoder, self.system, batch)
        return (
            run.logits,
            torch.cat([run.tokens_kept.new_tensor(batch.lengths)[None], run.tokens_kept]).T,
            batch,
        )

    def _refuse(self, asked: Mapping[str, object]) -> None:
        """Refuses arguments, and outputs that config.json asks for, that a dropping model does not support.

        Raises:
            ModelError: Where one is not None or False.
        """
        outputs = ("output_attentions", "output_hidden_states")
        refuse({name: getattr(self.config, name, None) for name in outputs} | dict(asked), self.forward)

    def _output(self, output: Any, return_dict: bool | None) -> Any:
        """The output, or its values as a tuple where ``return_dict`` is False."""
        as_dict = self.config.return_dict if return_dict is None else return_dict
        return output if as_dict else output.to_tuple()


class DroppingForSequenceClassification(DroppingModel):
    """A classifier, or a regression model, whose tokens are dropped."""

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

        ``num_items_in_batch``, as transformers' trainer passes it, divides the loss instead of B.

        Raises:
            ModelError: For any other argument, such as attentions or positions.
        """
        self._refuse(asked)
        logits, tokens_kept = self._hard(input_ids, attention_mask, token_type_ids)[:2]
        loss = None if labels is None else self._loss(logits.float(), labels)
        if loss is not None and num_items_in_batch is not None:
            loss = loss * (len(logits) / num_items_in_batch)
        return self._output(DroppingOutput(loss=loss, logits=logits, tokens_kept=tokens_kept), return_dict)  # type: ignore[no-any-return]

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss as transformers computes it: squared error for numbers, cross entropy for classes."""
        if self.config.problem_type == "regression":
            labels = labels.float()
        config = copy(self.config)  # transformers writes the problem type it guessed into it
        loss: Tensor = ForSequenceClassificationLoss(labels, logits, config)
        return loss


class DroppingForQuestionAnswering(DroppingModel):
    """A question-answering model whose tokens are dropped; the head reads each token's last output."""

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
        """Logits of the answer's first and last token, (B, n) each, in hard mode; masked logits at padding.

        With their positions, (B,) each or as ``labels`` (B, 2), the mean loss.

        Raises:
            ModelError: For any other argument, such as attentions or positions.
        """
        asked.pop("num_items_in_batch", None)
        self._refuse(asked)
        if labels is not None:
            start_positions, end_positions = labels.unbind(dim=-1)
        logits, tokens_kept, batch = self._hard(input_ids, attention_mask, token_type_ids)
        start, end = self._padded(logits, input_ids, attention_mask, batch)  # type: ignore[arg-type]
        loss = None
        if start_positions is not None and end_positions is not None:
            start_loss = functional.cross_entropy(start, start_positions)
            loss = (start_loss + functional.cross_entropy(end, end_positions)) / 2
        output = AnsweringOutput(loss=loss, start_logits=start, end_logits=end, tokens_kept=tokens_kept)
        return self._output(output, return_dict)  # type: ignore[no-any-return]

    @staticmethod
    def _padded(logits: Tensor, ids: Tensor, mask: Tensor | None, batch: Packed) -> tuple[Tensor, Tensor]:
        """Start and end logits (B, n) in the padding of the input, on either side."""
        present = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        block = logits.new_full((*ids.shape, 2), MASKED_LOGIT)
        if batch.lengths:
            block[present] = batch.padding.unpad(logits)
        start, end = block.unbind(dim=-1)
        return start, end


def wrap(model: Any, system: str, settings: Keywords | None = None) -> DroppingModel:
    """Builds a dropping model around a ``…ForSequenceClassification`` or ``…ForQuestionAnswering``.

    It shares the model's weights.
    """
    config = DroppingConfig(model.config.to_dict(), system, settings)
    is_qa = type(model).__name__.endswith("ForQuestionAnswering")
    return (DroppingForQuestionAnswering if is_qa else DroppingForSequenceClassification)(config, model)


register()
AutoModelForSequenceClassification.register(DroppingConfig, DroppingForSequenceClassification, exist_ok=True)
AutoModelForQuestionAnswering.register(DroppingConfig, DroppingForQuestionAnswering, exist_ok=True)

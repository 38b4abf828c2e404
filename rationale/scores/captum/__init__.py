"""captum's methods, run window by window: slower than the one-pass methods, and optional.

Their options are in ``method.options`` and in every recipe. To score with others, register a variant:

>>> from dataclasses import replace
>>> from rationale.scores.captum import IntegratedGradients, IntegratedGradientsOptions
>>> from rationale.scores.methods import METHODS
>>> method = replace(
...     METHODS.get("integrated_gradients"), name="ig.every", options=IntegratedGradientsOptions(layers=None)
... )
>>> method.settings["steps"], method.settings["layers"]
(50, None)

``METHODS.register(method.name)(method)`` makes it known to :func:`rationale.score`.
"""

from rationale.scores.captum.deep_lift import DeepLift, DeepLiftOptions
from rationale.scores.captum.gradients import (
    GradientShap,
    GradientShapOptions,
    IntegratedGradients,
    IntegratedGradientsOptions,
)
from rationale.scores.captum.words import (
    KernelShap,
    KernelShapOptions,
    Lime,
    LimeOptions,
    Occlusion,
    OcclusionOptions,
)

__all__ = [
    "DeepLift",
    "DeepLiftOptions",
    "GradientShap",
    "GradientShapOptions",
    "IntegratedGradients",
    "IntegratedGradientsOptions",
    "KernelShap",
    "KernelShapOptions",
    "Lime",
    "LimeOptions",
    "Occlusion",
    "OcclusionOptions",
]

"""Agreement: pure functions on arrays that compare scores with human rationales."""

from rationale.agreement.metric import Metric, metrics
from rationale.agreement.ranking import Ranking, auprc, average_precision, rank, roc_auc
from rationale.agreement.selection import (
    Selection,
    above_share,
    false_positive_rate,
    precision,
    recall,
    selected_share,
    selection,
    token_f1,
    top_k,
)
from rationale.metrics.ragged import offsets_of

# isort: split
# Metrics are listed in the order they are imported in: ranking, selection, spans, faithfulness.
from rationale.agreement.overlap import iou_precision_recall

# isort: split
from rationale.agreement.given import kappa, strict_precision

# isort: split
from rationale.agreement.soft_metrics import SoftScores

# isort: split
from rationale.agreement.faithfulness import (
    Perturbation,
    aopc_comprehensiveness,
    aopc_sufficiency,
    comprehensiveness,
    sufficiency,
)

# isort: split
from rationale.agreement.normalised import (
    comprehensiveness_norm,
    naopc_comprehensiveness,
    naopc_sufficiency,
    soft_comprehensiveness_norm,
    soft_sufficiency_norm,
    sufficiency_norm,
)

# isort: split
from rationale.agreement.agree import agree
from rationale.agreement.comparison import PairedTest
from rationale.agreement.result import Agreement, Estimate
from rationale.agreement.settings import read_eta

__all__ = [
    "Agreement",
    "Estimate",
    "Metric",
    "PairedTest",
    "Perturbation",
    "Ranking",
    "Selection",
    "SoftScores",
    "above_share",
    "agree",
    "aopc_comprehensiveness",
    "aopc_sufficiency",
    "auprc",
    "average_precision",
    "comprehensiveness",
    "comprehensiveness_norm",
    "false_positive_rate",
    "iou_precision_recall",
    "kappa",
    "metrics",
    "naopc_comprehensiveness",
    "naopc_sufficiency",
    "offsets_of",
    "precision",
    "rank",
    "read_eta",
    "recall",
    "roc_auc",
    "selected_share",
    "selection",
    "soft_comprehensiveness_norm",
    "soft_sufficiency_norm",
    "strict_precision",
    "sufficiency",
    "sufficiency_norm",
    "token_f1",
    "top_k",
]

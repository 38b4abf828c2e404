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
# Metrics are listed in the order of these imports: ranking, selection, spans, faithfulness, groups,
# sentences.
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
    naopc_sentence_comprehensiveness,
    naopc_sentence_sufficiency,
    naopc_sufficiency,
    soft_comprehensiveness_norm,
    soft_sufficiency_norm,
    sufficiency_norm,
)

# isort: split
from rationale.agreement.groups import Choices, SelectedChoices, choices
from rationale.agreement.sentences import Outline, Sentences, outline, sentences_of

# isort: split
from rationale.agreement import sentence_metrics as sentence_metrics

# isort: split
from rationale.agreement.agree import agree
from rationale.agreement.comparison import PairedTest
from rationale.agreement.result import Agreement, Estimate
from rationale.agreement.settings import read_eta

__all__ = [
    "Agreement",
    "Choices",
    "Estimate",
    "Metric",
    "Outline",
    "PairedTest",
    "Perturbation",
    "Ranking",
    "SelectedChoices",
    "Selection",
    "Sentences",
    "SoftScores",
    "above_share",
    "agree",
    "aopc_comprehensiveness",
    "aopc_sufficiency",
    "auprc",
    "average_precision",
    "choices",
    "comprehensiveness",
    "comprehensiveness_norm",
    "false_positive_rate",
    "iou_precision_recall",
    "kappa",
    "metrics",
    "naopc_comprehensiveness",
    "naopc_sentence_comprehensiveness",
    "naopc_sentence_sufficiency",
    "naopc_sufficiency",
    "offsets_of",
    "outline",
    "precision",
    "rank",
    "read_eta",
    "recall",
    "roc_auc",
    "selected_share",
    "selection",
    "sentences_of",
    "soft_comprehensiveness_norm",
    "soft_sufficiency_norm",
    "strict_precision",
    "sufficiency",
    "sufficiency_norm",
    "token_f1",
    "top_k",
]

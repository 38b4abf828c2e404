"""Are these words enough? The top-k study: classifiers that read only the words an arm keeps."""

from rationale.study.topk.arms import Arm
from rationale.study.topk.budget import Budget
from rationale.study.topk.study import StudyOptions, study_topk

__all__ = ["Arm", "Budget", "StudyOptions", "study_topk"]

"""Figures of labels are those of scikit-learn, to the last bit."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, matthews_corrcoef

from rationale.metrics.classification import CLASS_METRIC_FUNCTIONS, classification, classification_metrics
from rationale.metrics.names import CLASS_METRICS, NUMBER_METRICS
from rationale.metrics.regression import NUMBER_METRIC_FUNCTIONS


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.filterwarnings("ignore:A single label was found")  # sklearn's own, of what it is asked here
def test_figures_of_labels_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    names = np.array([f"{rng.integers(100)}.{number}" for number in range(rng.integers(1, 6))])
    gold, predicted = rng.choice(names, (2, rng.integers(2, 50)))
    found = classification_metrics(gold, predicted)
    assert found["macro_f1"] == f1_score(gold, predicted, average="macro", zero_division=0.0)
    several = len(np.union1d(gold, predicted)) > 1
    assert found["mcc"] == (matthews_corrcoef(gold, predicted) if several else 0.0)
    labels = rng.permutation(names).tolist()
    confusion = classification(list(gold), list(predicted), labels, resamples=100).confusion
    assert list(map(list, confusion)) == confusion_matrix(gold, predicted, labels=labels).tolist()


def test_names_are_those_of_the_figures():
    assert (tuple(CLASS_METRIC_FUNCTIONS), tuple(NUMBER_METRIC_FUNCTIONS)) == (CLASS_METRICS, NUMBER_METRICS)

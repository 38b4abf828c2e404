"""AdapLeR: what its training learns has tests of its own; it does not answer questions."""

from tests.systems import Toy

TOY = Toy(
    policy={},
    learnt="predictors",
    rating={"phi": 0.3, "gamma": 0.1, "threshold_rate": 0.1, "epochs": 4},
    brief={},
)

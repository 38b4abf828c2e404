"""TR-BERT."""

from tests.systems import Toy

TOY = Toy(
    policy={},
    learnt="policies",
    training={"alpha": 0.3, "policy_epochs": 2, "policy_rate": 1e-2},
    rating={"samples": 2, "policy_epochs": 1},
    brief={"policy_epochs": 1},
    answering_policy={},
    answering={"samples": 2, "policy_epochs": 1, "alpha": 0.1},
)

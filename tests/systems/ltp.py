"""LTP."""

from tests.systems import Toy

TOY = Toy(
    policy={"final": 0.012, "reference": 60},
    training={"soft_epochs": 2, "reference": 12, "final_threshold": 0.06, "lambda_": 0.05},
    rating={"reference": 12, "final_threshold": 0.06},
    brief={"soft_epochs": 1, "reference": 12, "final_threshold": 0.1},
    answering_policy={"final": 0.12, "reference": 16},
    answering={"reference": 16, "final_threshold": 0.09, "lambda_": 0.3},
)

"""PoWER-BERT."""

from tests.systems import Toy

TOY = Toy(
    policy={"retention": [24, 19, 14, 9, 4]},
    training={"search_epochs": 2, "lambda_": 5e-3},
    rating={"lambda_": 1e-3},
    answering_policy={"retention": [12, 8, 5, 3]},
    answering={"lambda_": 2e-3},
)

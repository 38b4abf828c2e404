"""SpAtten."""

from tests.systems import Toy

TOY = Toy(
    policy={"ratio": 0.3},
    training={"ratio": 0.3},
    rating={"ratio": 0.3},
    answering_policy={"ratio": 0.2},
    answering={"ratio": 0.5},
)

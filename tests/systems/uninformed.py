"""The uninformed baselines, ``lead`` and ``random``: both keep a share of the tokens."""

from tests.systems import Toy

TOY = Toy(
    policy={"shares": [0.9, 0.8, 0.6, 0.4, 0.3]},
    training={"shares": "0.8"},
    rating={"shares": "0.7"},
    answering_policy={"shares": [0.8, 0.6, 0.5, 0.3]},
    answering={"shares": "0.9"},
)

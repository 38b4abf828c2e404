"""Length-Adaptive Transformer."""

from tests.systems import Toy

TOY = Toy(
    policy={"lengths": [24, 19, 14, 9, 4]},
    training={"length_drop": 0.4, "layer_drop": 0.0, "iterations": 2, "population": 4, "offspring": 4},
    rating={"length_drop": 0.4, "iterations": 0, "population": 2},
    brief={"iterations": 1, "population": 2, "offspring": 2},
    answering_policy={"lengths": [12, 8, 5, 3], "protect_cls": False},
    answering={"length_drop": 0.3, "iterations": 0, "population": 2, "layer_drop": 0.0, "protect_cls": False},
)

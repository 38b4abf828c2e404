"""Documents with words, labels, queries and human rationales, and the readers that make them."""

from rationale.corpus.columns import Columns
from rationale.corpus.document import Document, Documents, Key, Span
from rationale.corpus.eraser import read_eraser
from rationale.corpus.load import list_splits, load_documents
from rationale.corpus.readers import READERS, ReadOptions
from rationale.corpus.splits import split_dev
from rationale.corpus.write import write_eraser

__all__ = [
    "READERS",
    "Columns",
    "Document",
    "Documents",
    "Key",
    "ReadOptions",
    "Span",
    "list_splits",
    "load_documents",
    "read_eraser",
    "split_dev",
    "write_eraser",
]

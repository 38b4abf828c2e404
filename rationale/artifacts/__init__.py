"""Results on disk: seals, locks, recognition and verification."""

from rationale.artifacts.lock import locked
from rationale.artifacts.seal import (
    SEAL,
    Seal,
    check_file,
    check_folder,
    digest,
    read_sealed,
    seal_file,
    seal_folder,
    sealed,
)

__all__ = [
    "SEAL",
    "Seal",
    "check_file",
    "check_folder",
    "digest",
    "locked",
    "read_sealed",
    "seal_file",
    "seal_folder",
    "sealed",
]

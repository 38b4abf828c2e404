"""Verification of saved results: checks every seal in a folder and below, file by file.

Works from the seals alone, for all kinds of results; memory grows with the number of files, not their size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rationale.artifacts.carriers import (
    Carrier,
    below,
    carrier_of,
    files_at,
    is_part,
    parts_of_unfinished,
    roots,
    subject_of,
)
from rationale.artifacts.kinds import Content, about, kind_of_file, kind_of_folder
from rationale.artifacts.model import TRAINING, model_files
from rationale.artifacts.record import to_json
from rationale.artifacts.scores import (
    COMPLETE,
    PART,
    PROVENANCE,
    RECIPE,
    SCORES,
    check_layers,
    complete_parts,
    open_recipe,
    unfinished_parts,
)
from rationale.artifacts.seal import SEAL, digest
from rationale.errors import RationaleError

State = Literal["whole", "changed", "missing", "stray", "unreadable", "unsealed"]
Advance = Callable[[int], object]
_STRICT = (PART, "checkpoint")  # their folders may hold no other files
_MODELS = ("training", "model")


@dataclass
class Result:
    """One saved result and the state of its files.

    Attributes:
        path: The file or folder.
        kind: Kind of the result.
        about: Description of its model and data.
        files: The state of each file, by path.
        note: Further information, such as the damage.
    """

    path: Path
    kind: str
    about: str = ""
    files: dict[Path, State] = field(default_factory=dict)
    note: str = ""

    @property
    def state(self) -> Literal["whole", "unsealed", "not whole"]:
        """Whether the result is unchanged, according to its seals."""
        states = set(self.files.values())
        if states - {"whole", "unsealed"}:
            return "not whole"
        return "unsealed" if "unsealed" in states else "whole"

    def wrong(self) -> list[tuple[str, State]]:
        """The files that are not whole, relative to the folder of the result, each with its state."""
        base = self.path if self.path.is_dir() else self.path.parent
        return [
            (os.path.relpath(p, base), s) for p, s in self.files.items() if s not in ("whole", "unsealed")
        ]


def verify(path: Path, advance: Advance = lambda size: None) -> list[Result]:
    """Verifies the results at a path.

    Args:
        path: A file, or a folder, which is searched recursively without hidden files.
        advance: Called with the size in bytes of each hashed file.

    Returns:
        The results, sorted by path, each with the state of its files.

    Raises:
        OutputError: Where the path does not exist, or a folder cannot be listed.
    """
    if path.is_file():
        path = subject_of(path)
    files = files_at(path)
    carriers = {c.path: c for c in map(carrier_of, files) if c is not None}
    if path.is_file():
        carriers = {p: c for p, c in carriers.items() if c.subject == path}
    hasher = _Hasher(advance)
    results = [_sealed_result(root, carriers, files, hasher) for root in roots(carriers)]
    known = set(carriers) | {file for result in results for file in result.files}
    left = [file for file in ([path] if path.is_file() else files) if file not in known]
    return sorted([*results, *_unsealed(left)], key=lambda result: result.path)


def size_of(path: Path) -> int:
    """The total size of the files at a path, in bytes."""
    return sum(file.stat().st_size for file in files_at(path))


class _Hasher:
    """Computes the digest of each file once."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._known: dict[Path, str | None] = {}

    def state(self, path: Path, expected: str) -> State:
        """The state of a file whose digest a seal names."""
        if not path.is_file():
            return "missing"
        if path not in self._known:
            try:
                self._known[path] = digest(path)
            except OSError:
                self._known[path] = None
            self._advance(path.stat().st_size)
        current = self._known[path]
        return "unreadable" if current is None else "whole" if current == expected else "changed"


def _sealed_result(
    root: Carrier, carriers: dict[Path, Carrier], files: Sequence[Path], hasher: _Hasher
) -> Result:
    """The result of one seal: the files that it names, and recursively those of the seals among them."""
    result = Result(root.subject, _kind(root), _about(root, carriers))
    queue = [root, *(carriers[path] for path in parts_of_unfinished(root, carriers))]
    seen = set[Path]()
    while queue:
        carrier = queue.pop()
        seen.add(carrier.path)
        result.files.setdefault(carrier.path, "changed" if carrier.seal is None else "whole")
        result.note = result.note or carrier.problem
        for path, expected in carrier.named.items():
            inner = carriers.get(path)
            state = "whole" if _may_change(carrier, path) else hasher.state(path, expected)
            if inner is not None and path not in seen:
                queue.append(inner)
                state = "changed" if inner.seal is None else state
            if result.files.get(path, "whole") == "whole":  # unless another seal shows that it changed
                result.files[path] = state
        for path in _strays(carrier, files, carriers):
            result.files.setdefault(path, "stray")
    _check_parts(root, result)
    return result


def _kind(carrier: Carrier) -> str:
    if carrier.seal is None:
        return "damaged result"
    return "unfinished scores" if carrier.seal.kind == PROVENANCE else carrier.seal.kind


def _about(root: Carrier, carriers: dict[Path, Carrier]) -> str:
    """Describes model and data, from the JSON beside the seal or from the provenance that it names."""
    beside = [carriers[path].about for path in root.named if path in carriers]
    inputs = {} if root.seal is None else root.seal.inputs
    named = ", ".join(f"{name} {value}" for name, value in inputs.items() if isinstance(value, str | int))
    return next(filter(None, (root.about, *beside)), named)


def _may_change(carrier: Carrier, path: Path) -> bool:
    """Whether a file may change: the README of a model, which is not loaded."""
    return carrier.seal is not None and carrier.seal.kind in _MODELS and path.suffix == ".md"


def _strays(carrier: Carrier, files: Sequence[Path], carriers: dict[Path, Carrier]) -> Iterator[Path]:
    """Unsealed files in places where all files must be sealed."""
    if carrier.seal is None or carrier.path.name not in (SEAL, COMPLETE):
        return
    named = carrier.named
    for path in below(files, carrier.base):
        if path not in named and path not in carriers and _is_stray(path, carrier, carrier.seal.kind):
            yield path


def _is_stray(path: Path, carrier: Carrier, kind: str) -> bool:
    if kind in _STRICT:
        return True
    if kind in _MODELS:
        return path.parent == carrier.base and path.name in model_files(carrier.base)
    part = carrier.base / path.relative_to(carrier.base).parts[0]
    return kind == SCORES and is_part(part) and part / SEAL not in carrier.named


def _check_parts(root: Carrier, result: Result) -> None:
    """Checks that the parts of scores, finished or not, name their recipe and number."""
    seal = root.seal
    if seal is None or seal.kind not in (SCORES, PROVENANCE) or result.state == "not whole":
        return
    try:
        recipe, recipe_seal = open_recipe(root.base)
        if seal.kind == SCORES:
            for part in complete_parts(root.base, recipe_seal).values():
                part.check("documents.parquet")
        elif recipe_seal is not None:
            unfinished_parts(root.base, recipe, recipe_seal)
    except RationaleError as error:
        result.files[root.path] = "changed"
        result.note = str(error)


def _unsealed(files: list[Path]) -> Iterator[Result]:
    """The results among files that no seal names."""
    folders: dict[Path, set[str]] = {}
    for file in files:
        for folder in (file.parent, file.parent.parent):
            folders.setdefault(folder, set()).add(file.relative_to(folder).parts[0])
    whole: dict[Path, Result] = {}
    for folder, names in sorted(folders.items()):
        kind = kind_of_folder(names)
        inside = (r for outer, r in whole.items() if folder.is_relative_to(outer))
        if kind and all(result.kind in _MODELS for result in inside):
            whole[folder] = Result(folder, kind)
    for file in files:
        owners = (r for folder, r in whole.items() if file.is_relative_to(folder) and _belongs(r, file))
        if (result := next(owners, None)) is not None:
            result.files[file] = "unsealed"
            continue
        kind, content = kind_of_file(file)
        if kind is not None:
            yield Result(file, kind, about(content), {file: "unsealed"})
    yield from (_with_description(result) for result in whole.values() if result.files)


def _belongs(result: Result, file: Path) -> bool:
    """Whether a file belongs to the result of a folder, or is only stored in it."""
    if result.kind in _MODELS:
        names = {TRAINING, *model_files(result.path)}
        return file.parent == result.path and file.name in names
    if "scores" in result.kind:
        below = file.relative_to(result.path)
        return is_part(Path(below.parts[0])) or str(below) in (RECIPE, COMPLETE)
    return True


def _with_description(result: Result) -> Result:
    """Adds model and data to the result of an unsealed folder; checks scores by their own digests."""
    if "scores" in result.kind:
        try:
            result.about = about(_check_unsealed_scores(result))
        except RationaleError as error:
            result.note = str(error)
            result.files[result.path / RECIPE] = "changed"
    elif result.kind == "data":
        result.files.clear()
        result.note = "data sets are not sealed: `rationale data check` reads them"
    elif result.kind == "training":
        result.about = about(kind_of_file(result.path / TRAINING)[1])
    return result


def _check_unsealed_scores(result: Result) -> Content:
    recipe, seal = open_recipe(result.path)
    if result.kind == SCORES:
        for part in complete_parts(result.path, seal, note=False).values():
            part.check()
    for path in sorted(result.path.glob("part-*")):
        check_layers(path, recipe)
    return to_json(recipe)

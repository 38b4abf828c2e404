"""Whether saved results are what was written: every seal in a folder and below, file by file.

Works from the seals alone, whatever they are of, in memory of one file's name and digest at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rationale.artifacts.kinds import LARGEST, Content, about, kind_of_file, kind_of_folder
from rationale.artifacts.model import TRAINING, model_files
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
from rationale.artifacts.seal import SEAL, Seal, digest, read_sealed
from rationale.errors import OutputError, RationaleError

State = Literal["whole", "changed", "missing", "stray", "unreadable", "unsealed"]
Advance = Callable[[int], object]
_STRICT = (PART, "checkpoint")  # nothing else may lie in their folders
_MODELS = ("training", "model")


@dataclass
class Result:
    """One saved result and the state of its files.

    Attributes:
        path: The file or folder.
        kind: What it is.
        about: Of which model and data.
        files: The state of each file, by path.
        note: What else there is to say.
    """

    path: Path
    kind: str
    about: str = ""
    files: dict[Path, State] = field(default_factory=dict)
    note: str = ""

    @property
    def state(self) -> Literal["whole", "unsealed", "not whole"]:
        """Whether it is what was written, as far as seals tell."""
        states = set(self.files.values())
        if states - {"whole", "unsealed"}:
            return "not whole"
        return "unsealed" if "unsealed" in states else "whole"

    def wrong(self) -> list[tuple[str, State]]:
        """The files that are not whole, named from where the result lies, each with its state."""
        base = self.path if self.path.is_dir() else self.path.parent
        return [
            (os.path.relpath(p, base), s) for p, s in self.files.items() if s not in ("whole", "unsealed")
        ]


@dataclass
class _Carrier:
    """A file that carries a seal.

    Attributes:
        path: The file.
        base: Where the names in the seal start from.
        subject: The file or folder that is sealed.
        content: The JSON beside the seal.
        seal: The seal; None where it is damaged.
    """

    path: Path
    base: Path
    subject: Path
    content: Content
    seal: Seal | None
    problem: str = ""

    @property
    def named(self) -> dict[Path, str]:
        """The digest of each sealed file, by path."""
        return {} if self.seal is None else {self.base / name: d for name, d in self.seal.files.items()}


def verify(path: Path, advance: Advance = lambda size: None) -> list[Result]:
    """The results at a path, each with the state of its files.

    Args:
        path: A file, or a folder: all in it and below is looked at, hidden files aside.
        advance: Told the bytes of each file that was hashed.

    Raises:
        OutputError: Where the path is not there, or a folder cannot be listed.
    """
    if path.is_file():
        path = _subject(path)
    files = _files(path)
    carriers = {c.path: c for c in map(_carrier, files) if c is not None}
    if path.is_file():
        carriers = {p: c for p, c in carriers.items() if c.subject == path}
    hasher = _Hasher(advance)
    results = [_sealed_result(root, carriers, files, hasher) for root in _roots(carriers)]
    known = set(carriers) | {file for result in results for file in result.files}
    left = [file for file in ([path] if path.is_file() else files) if file not in known]
    return sorted([*results, *_unsealed(left)], key=lambda result: result.path)


def size_of(path: Path) -> int:
    """Bytes of all files at a path."""
    return sum(file.stat().st_size for file in _files(path))


def _subject(path: Path) -> Path:
    """What a file stands for: of a seal what it seals, of a part of a folder's result the folder."""
    if path.name in (SEAL, COMPLETE, RECIPE):
        return path.parent
    return path.with_name(path.name.removesuffix(f".{SEAL}"))


def _files(path: Path) -> list[Path]:
    """Regular files at a path, sorted, hidden ones aside; of a file those beside it that may seal it."""
    if not path.exists():
        raise OutputError("there is no such file or folder", where=path)
    if path.is_file():
        return [file for file in (path, path.with_name(f"{path.name}.{SEAL}")) if file.is_file()]
    found: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=_cannot_list):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = (Path(folder) / name for name in names if not name.startswith("."))
        found += [file for file in inside if file.is_file()]
    return sorted(found)


def _cannot_list(error: OSError) -> None:
    raise OutputError(f"cannot be read ({error.strerror})", where=str(error.filename)) from error


def _carrier(path: Path) -> _Carrier | None:
    if path.suffix != ".json" and path.name != COMPLETE:
        return None
    beside = path.name.endswith(f".{SEAL}")
    always = beside or path.name == SEAL
    if not always and not _mentions_seal(path):
        return None
    folder = path.name in (SEAL, COMPLETE)
    subject = path.parent if folder else path.with_name(path.name.removesuffix(f".{SEAL}"))
    try:
        content, seal = read_sealed(path, note=False)
    except RationaleError as error:
        return _Carrier(path, path.parent, subject, {}, None, error.what)
    if seal is None:
        return _Carrier(path, path.parent, subject, {}, None, "it has no seal in it") if always else None
    if seal.kind == PROVENANCE:
        subject = path.parent
    return _Carrier(path, path.parent, subject, content, seal)


def _mentions_seal(path: Path) -> bool:
    try:
        return path.stat().st_size <= LARGEST and b'"seal"' in path.read_bytes()
    except OSError:
        return False


def _roots(carriers: dict[Path, _Carrier]) -> Iterator[_Carrier]:
    """The seals that no other seal names."""
    inner = {name for carrier in carriers.values() for name in carrier.named if name != carrier.path}
    inner |= {part for carrier in carriers.values() for part in _parts_of_unfinished(carrier, carriers)}
    return (carrier for path, carrier in carriers.items() if path not in inner)


def _parts_of_unfinished(carrier: _Carrier, carriers: dict[Path, _Carrier]) -> list[Path]:
    """The seals of the parts beside the recipe of a run that no ``COMPLETE`` ends yet."""
    if carrier.seal is None or carrier.seal.kind != PROVENANCE or carrier.base / COMPLETE in carriers:
        return []
    return [path for path in carriers if path.parent.parent == carrier.base and _is_part(path.parent)]


def _is_part(folder: Path) -> bool:
    return folder.name.startswith("part-")


class _Hasher:
    """Each file's digest, computed once."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._known: dict[Path, str | None] = {}

    def state(self, path: Path, expected: str) -> State:
        """Whether a file is what a seal says."""
        if not path.is_file():
            return "missing"
        if path not in self._known:
            try:
                self._known[path] = digest(path)
            except OSError:
                self._known[path] = None
            self._advance(path.stat().st_size)
        found = self._known[path]
        return "unreadable" if found is None else "whole" if found == expected else "changed"


def _sealed_result(
    root: _Carrier, carriers: dict[Path, _Carrier], files: Iterable[Path], hasher: _Hasher
) -> Result:
    """All that hangs on one seal: the files it names, and those that seals among these name."""
    result = Result(root.subject, _kind(root), _about(root, carriers))
    waiting = [root, *(carriers[path] for path in _parts_of_unfinished(root, carriers))]
    seen = set[Path]()
    while waiting:
        carrier = waiting.pop()
        seen.add(carrier.path)
        result.files.setdefault(carrier.path, "changed" if carrier.seal is None else "whole")
        result.note = result.note or carrier.problem
        for path, expected in carrier.named.items():
            state = hasher.state(path, expected)
            if _may_change(carrier, path):
                state = "whole"
            result.files[path] = state
            inner = carriers.get(path)
            if inner is not None and path not in seen:
                waiting.append(inner)
                result.files[path] = "changed" if inner.seal is None else state
        for path in _strays(carrier, files, carriers):
            result.files.setdefault(path, "stray")
    _finish_scores(root, result)
    return result


def _kind(carrier: _Carrier) -> str:
    if carrier.seal is None:
        return "damaged result"
    return "unfinished scores" if carrier.seal.kind == PROVENANCE else carrier.seal.kind


def _about(root: _Carrier, carriers: dict[Path, _Carrier]) -> str:
    """From the JSON beside the seal, or from the provenance it names."""
    beside = [carriers[path].content for path in root.named if path in carriers]
    for content in (root.content, *beside):
        told = about(content)
        if told:
            return told
    inputs = {} if root.seal is None else root.seal.inputs
    return ", ".join(f"{name} {value}" for name, value in inputs.items() if isinstance(value, str | int))


def _may_change(carrier: _Carrier, path: Path) -> bool:
    """A model's README says nothing that the model reads."""
    return carrier.seal is not None and carrier.seal.kind in _MODELS and path.suffix == ".md"


def _strays(carrier: _Carrier, files: Iterable[Path], carriers: dict[Path, _Carrier]) -> Iterator[Path]:
    """Files that lie where only sealed ones may."""
    if carrier.seal is None or carrier.path.name not in (SEAL, COMPLETE):
        return
    named = carrier.named
    for path in files:
        inside = path.is_relative_to(carrier.base) and path not in named and path != carrier.path
        if inside and path not in carriers and _is_stray(path, carrier, carrier.seal.kind):
            yield path


def _is_stray(path: Path, carrier: _Carrier, kind: str) -> bool:
    if kind in _STRICT:
        return True
    if kind in _MODELS:
        return path.parent == carrier.base and path.name in model_files(carrier.base)
    part = carrier.base / path.relative_to(carrier.base).parts[0]
    return kind == SCORES and _is_part(part) and part / SEAL not in carrier.named


def _finish_scores(root: _Carrier, result: Result) -> None:
    """The parts of scores also name their recipe and number, in finished and unfinished ones."""
    seal = root.seal
    if seal is None or seal.kind not in (SCORES, PROVENANCE) or result.state == "not whole":
        return
    try:
        recipe, own = open_recipe(root.base)
        if seal.kind == SCORES:
            for part in complete_parts(root.base, own).values():
                part.check("documents.parquet")
        elif own is not None:
            unfinished_parts(root.base, recipe, own)
    except RationaleError as error:
        result.files[root.path] = "changed"
        result.note = str(error)


def _unsealed(files: list[Path]) -> Iterator[Result]:
    """Results among files that no seal names."""
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
    yield from (_described(result) for result in whole.values() if result.files)


def _belongs(result: Result, file: Path) -> bool:
    """Whether a file is of a folder's result, or only lies there."""
    if result.kind in _MODELS:
        names = {TRAINING, *model_files(result.path)}
        return file.parent == result.path and file.name in names
    if "scores" in result.kind:
        below = file.relative_to(result.path)
        return _is_part(Path(below.parts[0])) or str(below) in (RECIPE, COMPLETE)
    return True


def _described(result: Result) -> Result:
    """Of what an unsealed folder is; scores from before there were seals have digests of their own."""
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
    return recipe

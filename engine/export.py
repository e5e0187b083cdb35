"""What was learnt -> files for other programs, each read back and compared before it counts."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from engine.errors import ExportFailed
from engine.events import Event, ExportChecked, Stage, StageProgress
from engine.export_check import Findings, compare
from engine.formats.catalog import FormatEntry, code_of, formats_of
from engine.formats.front_ends import matches, not_reading
from engine.formats.metadata import ExportFacts
from engine.methods.base import Method
from engine.project import safe_name
from engine.results import AdapterResult, EmbeddingResult, HypernetworkResult, Result
from engine.storage import remove_folder
from engine.wording import QT_TRANSLATE_NOOP, Phrase

LARGEST_DIFFERENCE = 2e-3  # relative; what fp16 costs is far below
_WORD = "{trigger}"  # in the stem of a file whose name is what the prompt calls it
_TAKES = {
    "adapter": AdapterResult,
    "embedding": EmbeddingResult,
    "hypernetwork": HypernetworkResult,
}


def export_all(
    folder: Path, method: Method, facts: ExportFacts
) -> Generator[Event, None, list[Path]]:
    """Yield progress and what the checks found; return the paths of the files.

    Raises FormatUnknown, FormatDoesNotFit, DiskFull, OutputNotWritable or ExportFailed.
    """
    config = facts.config
    entries = formats_of(
        config.method.kind,
        config.method.leaves,
        config.export.formats,
        is_published_size=facts.is_published_size,
    )
    paths = [folder / name for name in file_names(entries, facts)]
    for count, (entry, path) in enumerate(zip(entries, paths, strict=True), start=1):
        yield from export_one(entry, path, method, facts)
        yield StageProgress(stage=Stage.EXPORT, done=count, total=len(entries))
    return paths


def export_one(
    entry: FormatEntry, path: Path, method: Method, facts: ExportFacts
) -> Iterator[Event]:
    """Write one file, read it back and compare it with the live model.

    Yields ExportChecked. Raises ExportFailed where the file is not what was learnt; it is kept
    under another name then.
    """
    code_of(entry).save(path, result_for(entry, method), facts)
    yield StageProgress(stage=Stage.EXPORT, done=0, total=0)
    findings = yield from compare(entry, path, method, facts)
    if findings.problem is not None or findings.largest_difference > LARGEST_DIFFERENCE:
        raise _put_aside(path, findings)
    matched = matches(entry, facts, findings.names)
    yield ExportChecked(
        path=str(path),
        format=entry.name,
        keys=len(findings.names),
        largest_difference=findings.largest_difference,
        matched=matched,
        loads_in=tuple(name for name, keys in matched.items() if keys == len(findings.names)),
        not_in=not_reading(entry, facts, findings.names),
    )


def file_names(entries: Sequence[FormatEntry], facts: ExportFacts) -> list[str]:
    """One name for each, all unlike on every system; an embedding's stays its word."""
    names = [file_name(entry, facts) for entry in entries]
    folded = [name.casefold() for name in names]
    return [
        f"{Path(name).stem}-{entry.takes}{entry.suffix}"
        if folded.count(name.casefold()) > 1 and _WORD not in entry.file_stem
        else name
        for name, entry in zip(names, entries, strict=True)
    ]


def file_name(entry: FormatEntry, facts: ExportFacts) -> str:
    """A name that every system takes; an embedding's is its word."""
    stem = entry.file_stem.format(
        name=safe_name(facts.config.name), trigger=safe_name(facts.config.dataset.trigger)
    )
    return f"{stem}{entry.suffix}"


def result_for(entry: FormatEntry, method: Method) -> Result:
    """Of what the method leaves, that which the format takes."""
    if entry.takes == "model":
        return method.whole_model()
    kind = _TAKES[entry.takes]
    return next(result for result in method.results() if isinstance(result, kind))


def _put_aside(path: Path, findings: Findings) -> ExportFailed:
    aside = path.with_name(f"{path.stem}.failed{path.suffix}")
    if aside.is_dir():
        remove_folder(aside)  # of an earlier failure
    path.replace(aside)
    reason = findings.problem or Phrase(
        QT_TRANSLATE_NOOP("engine", "{name} differs by {share:.1%}"),
        name=findings.worst,
        share=findings.largest_difference,
    )
    return ExportFailed(path=path.name, reason=reason, aside=aside.name)

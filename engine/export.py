"""What was learnt -> files for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.events import Event, Stage, StageProgress
from engine.formats.catalog import FormatEntry, code_of, formats_of
from engine.formats.metadata import ExportFacts
from engine.project import safe_name
from engine.results import Result


def export_all(folder: Path, result: Result, facts: ExportFacts) -> Iterator[Event]:
    """Yield progress; return the paths of the files. Raises FormatUnknown, DiskFull."""
    entries = formats_of(facts.config.method.kind, facts.config.export.formats)
    paths = []
    for count, entry in enumerate(entries, start=1):
        paths.append(export_one(entry, folder, result, facts))
        yield StageProgress(stage=Stage.EXPORT, done=count, total=len(entries))
    return paths


def export_one(entry: FormatEntry, folder: Path, result: Result, facts: ExportFacts) -> Path:
    stem = entry.file_stem.format(name=safe_name(facts.config.name))
    path = folder / f"{stem}{entry.suffix}"
    code_of(entry).save(path, result, facts)
    return path

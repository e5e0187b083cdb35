"""What was learnt -> files for other programs, each read back and compared before it counts."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine import storage
from engine.errors import AnotherExportFailed, ExportFailed, OutputNotWritable
from engine.events import Event, ExportChecked, Noticed, Stage, StageProgress
from engine.export_check import compare
from engine.export_record import ExportRecord
from engine.formats.catalog import FormatEntry, code_of, formats_of, unverified
from engine.formats.front_end_remarks import remarks
from engine.formats.front_ends import matches, not_reading
from engine.formats.metadata import ExportFacts
from engine.formats.original_yaml import is_our_yaml
from engine.methods.base import Method
from engine.models.base_tensors import num_averaged
from engine.project import safe_name
from engine.regular_files import is_file
from engine.results import AdapterResult, EmbeddingResult, HypernetworkResult, Result

_WORD = "{trigger}"  # in the stem of a file whose name is what the prompt calls it
_TAKES = {
    "adapter": AdapterResult,
    "embedding": EmbeddingResult,
    "hypernetwork": HypernetworkResult,
}


@dataclass(slots=True)
class Exports:
    """The files of an export. Those that failed their check are among them, under the name that
    marks them."""

    paths: list[Path] = field(default_factory=list)
    failures: list[ExportFailed] = field(default_factory=list)

    def require_sound(self) -> Iterator[Event]:
        """Say what failed its check. Raises ExportFailed where anything did."""
        yield from _said(self.failures[1:])
        for failure in self.failures:
            raise failure

    def say_failures(self) -> Iterator[Event]:
        """The same, where another error ends the run."""
        yield from _said(self.failures)


def _said(failures: Sequence[ExportFailed]) -> Iterator[Event]:
    for failure in failures:
        yield Noticed(notice=AnotherExportFailed(**failure.facts))


def export_all(
    folder: Path, method: Method, facts: ExportFacts, record: ExportRecord
) -> Generator[Event, None, Exports]:
    """Yield progress and what the checks found; return the files. A file of the user's that has
    the name of one gets another name.

    Raises FormatUnknown, FormatDoesNotFit, DiskFull or OutputNotWritable.
    """
    config = facts.config
    entries = formats_of(
        config.method.kind,
        config.method.leaves,
        config.export.formats,
        is_published_size=facts.is_published_size,
    )
    exports = Exports()
    paths = [folder / name for name in file_names(entries, facts)]
    for count, (entry, path) in enumerate(zip(entries, paths, strict=True), start=1):
        yield from _export(entry, path, method, facts, exports, record)
        yield StageProgress(stage=Stage.EXPORT, done=count, total=len(entries))
    return exports


def export_one(
    entry: FormatEntry, path: Path, method: Method, facts: ExportFacts, record: ExportRecord
) -> Iterator[Event]:
    """One file, at a place that `record` found free. Yields ExportChecked.

    Raises DiskFull, OutputNotWritable, or ExportFailed where the file is not what was learnt; it
    is kept under another name then.
    """
    exports = Exports()
    yield from _export(entry, path, method, facts, exports, record)
    yield from exports.require_sound()


def _export(
    entry: FormatEntry,
    path: Path,
    method: Method,
    facts: ExportFacts,
    exports: Exports,
    record: ExportRecord,
) -> Iterator[Event]:
    """Write one file, read it back and compare it with the live model.

    It has the name that marks it until then: neither a failed check nor a crash leaves a file
    that looks sound, or takes away a sound one of an earlier export.
    """
    marked = unverified(entry, path)
    for notice in (*record.clear(entry, marked), *record.make_way(entry, path)):
        yield Noticed(notice=notice)
    code_of(entry).save(marked, result_for(entry, method), facts)
    record.note(marked)  # before anything can fail or be killed: the next export may replace it
    try:
        yield StageProgress(stage=Stage.EXPORT, done=0, total=0)
        findings = yield from compare(entry, marked, method, facts)
    except GeneratorExit:  # nobody waits for it any more
        _discard(entry, marked)
        raise
    if findings.problem is not None:
        exports.paths.append(marked)
        exports.failures.append(
            ExportFailed(
                path=path.name,
                reason=findings.problem,
                aside=marked.name,
                folder=str(marked.parent),
            )
        )
        return
    for notice in record.make_way(entry, path):  # what came there meanwhile
        yield Noticed(notice=notice)
    _settle(entry, marked, path, record)
    exports.paths.append(path)
    matched = matches(entry, facts, findings.names)
    yield ExportChecked(
        path=str(path),
        format=entry.name,
        keys=len(findings.names),
        largest_difference=findings.largest_difference,
        matched=matched,
        loads_in=tuple(name for name, keys in matched.items() if keys == len(findings.names)),
        not_in=not_reading(entry, facts, findings.names),
        remarks=remarks(
            entry,
            facts,
            findings.names,
            num_averaged=num_averaged(facts.source),
            rounding=findings.largest_difference,
        ),
    )


def _discard(entry: FormatEntry, marked: Path) -> None:
    """What was written just now and not looked at."""
    with suppress(OutputNotWritable):
        if entry.suffix:
            storage.remove_file(marked)
            storage.remove_file(marked.with_suffix(".yaml"))
        else:
            storage.remove_folder(marked, is_ours=lambda _: True)


def _settle(entry: FormatEntry, marked: Path, path: Path, record: ExportRecord) -> None:
    """Give a file that passed its check its proper name, and its yaml too. What has that name is
    an earlier export of ours: see `ExportRecord.make_way` and `require_free`."""
    if not entry.suffix:
        storage.replace_folder(marked, path, is_ours=record.is_ours)
        return
    beside, proper = marked.with_suffix(".yaml"), path.with_suffix(".yaml")
    if is_file(beside):
        storage.replace_file(beside, proper, over=True)
    elif is_our_yaml(proper):
        storage.remove_file(proper)  # of an older export: it would belie the new one
    storage.replace_file(marked, path, over=True)


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

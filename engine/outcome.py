"""What a training comes to: the checkpoint that counts, its weights, the sheet, the record."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from importlib.metadata import version
from pathlib import Path

from engine import checkpoint, config_file, records, storage
from engine.checkpoint_errors import CheckpointUnreadable
from engine.data.pictures import PictureError
from engine.errors import UserError
from engine.evaluation.scores import Score
from engine.events import CheckpointScored, Event, Noticed, SheetReady
from engine.export import Exports
from engine.export_record import files_of
from engine.formats.catalog import formats_of
from engine.loop import Loop
from engine.metrics_reading import read_metrics
from engine.notices import BestCheckpoint
from engine.preparation import Dataset
from engine.project import RunFolder, open_run
from engine.records import NotRead
from engine.regular_files import is_there
from engine.run_errors import ExportsGone
from engine.run_shapes import RunResult
from engine.sheet import sampled_steps, samples_of, write_sheet
from engine.wording import QT_TRANSLATE_NOOP, Phrase, listed

# What is drawn beside the rows of the sheet.
_PICTURES = QT_TRANSLATE_NOOP("engine", "Pictures")
_BEFORE = QT_TRANSLATE_NOOP("engine", "Before")
_AFTER = QT_TRANSLATE_NOOP("engine", "After {step} steps")


def chosen_step(loop: Loop) -> Generator[Event, None, int]:
    """Yield why, where it is not the last; return the step whose weights are exported."""
    choice = None if loop.judge is None else loop.judge.choice
    if choice is None or not loop.config.evaluation.use_best:
        return loop.step
    try:
        known = checkpoint.steps_in(loop.folder.checkpoints)
    except CheckpointUnreadable:  # the folder went away; what is in memory is not lost with it
        return loop.step
    if loop.stopped_early or choice.step == loop.step or choice.step not in known:
        return loop.step
    yield Noticed(notice=BestCheckpoint(step=choice.step, last=loop.step, reason=choice.reason))
    return choice.step


def finished_exports(path: Path) -> tuple[str, ...] | None:
    """The files of a run that reached its end; None if it did not.

    Raises RunMissing, and ExportsGone where a file of it is not there any more.
    """
    folder = open_run(path)
    record = _record_of(folder)
    if record.outcome != "finished":
        return None
    paths = [folder.exports / name for name in record.exports]
    gone = [str(path) for path in paths if not is_there(path)]
    if gone:
        config = config_file.of_run(folder.config_path)
        entries = formats_of(config.method.kind, config.method.leaves, config.export.formats)
        formats = "|".join(entry.name for entry in entries)
        raise ExportsGone(folder=str(path), files=listed(gone), formats=formats)
    return tuple(map(str, paths))


def exported_step(folder: RunFolder) -> int | None:
    """The checkpoint that a run exported; None where it did not get so far."""
    step = _record_of(folder).exported_step
    return step if step in checkpoint.steps_in(folder.checkpoints) else None


def _record_of(folder: RunFolder) -> RunResult:
    try:
        return records.read_json(folder.result, RunResult)
    except NotRead:
        return RunResult()


def scores_in(metrics: Path, last_step: int) -> list[Score]:
    """What the judge said up to a step, out of a run's own record."""
    names = Score.__slots__
    found: dict[int, Score] = {}
    for line in read_metrics(metrics):
        if line.get("event") == CheckpointScored.__name__ and all(name in line for name in names):
            score = Score(**{name: line[name] for name in names})
            if score.step <= last_step:
                found[score.step] = score
    return [found[step] for step in sorted(found)]


def write_before_and_after(folder: RunFolder, dataset: Dataset, step: int) -> Iterator[Event]:
    """Before and after on one sheet, where samples were made at all: those of `step`, or the
    last before it."""
    steps = [known for known in sampled_steps(folder.samples) if known <= step]
    if len(steps) < 2:
        return
    rows = [
        (Phrase(_PICTURES), [image.item.path for image in dataset.images]),
        (Phrase(_BEFORE), samples_of(folder.samples, steps[0])),
        (Phrase(_AFTER, step=steps[-1]), samples_of(folder.samples, steps[-1])),
    ]
    try:
        write_sheet(folder.sheet, rows)
    except (UserError, PictureError):
        return  # a picture that went away costs the sheet, not the run
    yield SheetReady(path=str(folder.sheet))


def write_record(loop: Loop, step: int, exports: Exports, seconds: float) -> None:
    """Enough to repeat the run and to know what came of it."""
    ending = "stopped" if loop.stopped_early else "finished"
    libraries = ("torch", "diffusers", "transformers", "peft", "accelerate", "safetensors")
    records.write_json(
        loop.folder.result,
        {
            "outcome": "failed" if exports.failures else ending,
            "training": ending,
            "steps": loop.step,
            "exported_step": step,
            "seconds": round(seconds, 1),
            **_files(exports),
            "versions": {name: version(name) for name in libraries},
        },
        RunResult,
    )


def note_export(folder: RunFolder, step: int, exports: Exports) -> None:
    """The run's record says which of its states the files hold now."""
    record = _record_of(folder).as_data()
    if not exports.failures and "training" in record:
        record["outcome"] = record["training"]  # an export may have failed before
    data = {**record, "exported_step": step, **_files(exports)}
    records.write_json(folder.result, data, RunResult)


def _files(exports: Exports) -> dict[str, object]:
    return {
        "exports": [path.name for path in exports.paths],
        "unverified": [str(failure.facts["aside"]) for failure in exports.failures],
        "sha256": _sums(exports.paths),
    }


def _sums(paths: list[Path]) -> dict[str, str]:
    """sha256 of each exported file, those in folders by their place in it."""
    files = [(path, file) for path in paths for file in files_of(path)]
    return {
        file.relative_to(path.parent).as_posix(): storage.sha256_of(file) for path, file in files
    }

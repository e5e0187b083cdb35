"""Shows the engine's events in a terminal: sentences and a bar, or one JSON object a line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from engine.config_file import switches_of
from engine.errors import Notice
from engine.events import (
    CaptionMade,
    CheckpointScored,
    Estimated,
    Event,
    Examined,
    ExportChecked,
    FitSuggested,
    Heartbeat,
    ImageGenerated,
    Noticed,
    PictureChecked,
    RunCrashed,
    RunFailed,
    RunFinished,
    RunStarted,
    SheetReady,
    StageProgress,
    StepFinished,
    TrialFinished,
    WentBack,
    as_json,
)
from engine.project import RunFolder
from engine.prompt_words import of_run
from engine.terminal import GuardedStream
from engine.wording import printable, printable_json

DONE, MENDABLE, USAGE, CRASH = 0, 1, 2, 3
STOPPED = 130  # before there was a result; as a shell says it of Ctrl-C


class Reporter:
    """Shows events: a bar and sentences for people, or one JSON object a line for scripts."""

    def __init__(self, *, as_lines: bool, silent: bool = False, out: TextIO | None = None) -> None:
        self._as_lines = as_lines
        self._silent = silent
        self._out = out or sys.stdout
        self._bar: Any = None
        self._steps = 0
        self._folder: RunFolder | None = None  # of the run that trains

    def show(self, events: Iterator[Event]) -> int:
        """Show all events; returns the exit code that the last one means."""
        code = DONE
        for event in events:
            if isinstance(event, RunFailed):
                code = MENDABLE
            elif isinstance(event, RunCrashed):
                code = CRASH
            elif isinstance(event, RunFinished) and event.stopped_early and not event.exports:
                code = STOPPED
            if not self._silent:
                self._show_one(event)
        return code

    def warn(self, notice: Notice) -> None:
        """On standard error: it belongs to no event."""
        self._say_error(f"Note: {notice} [{notice.code}]")

    def _show_one(self, event: Event) -> None:
        if isinstance(event, RunFailed):
            self._close_bar()
            self._say_error(f"{event.error} [{event.error.code}]")
        elif isinstance(event, RunCrashed):
            self._close_bar()
            self._say_error("Imprint crashed. This is a fault of ours, not of yours.")
            self._say_error(*event.traceback.rstrip("\n").split("\n"))
        if self._as_lines:
            if not isinstance(event, Heartbeat):
                print(printable_json(as_json(event)), file=self._out, flush=True)
        else:
            self._show_to_person(event)

    def _show_to_person(self, event: Event) -> None:
        match event:
            case StageProgress(stage=stage, done=0, total=1):
                self._line(f"{stage.value.replace('_', ' ')} ...")
            case RunStarted():
                self._line(f"Training {event.trainable:,} weights on the {event.device}.")
                self._line(f"Run folder: {event.folder}")
                self._steps = event.steps
                self._folder = RunFolder(Path(event.folder))
                self._open_bar(event.first_step, event.steps)
            case StepFinished() if self._bar is not None:
                self._bar.set_postfix_str(f"loss {event.loss:.3f}", refresh=False)
                self._bar.update(1)
            case WentBack():
                self._close_bar()
                self._open_bar(event.step, self._steps)
            case Noticed():
                self._line(f"Note: {event.notice}")
            case PictureChecked() | CaptionMade() | Examined():
                self._line(_looked_at(event))
            case ImageGenerated():
                self._line(f"Picture: {event.path}")
            case ExportChecked():
                self._line(*_checked(event))
            case SheetReady():
                self._close_bar()
                self._line(f"Before and after: {event.path}")
            case CheckpointScored() | Estimated() | FitSuggested() | TrialFinished():
                self._line(_told(event))
            case RunFinished():
                self._close_bar()
                self._tell_end(event)

    def _tell_end(self, event: RunFinished) -> None:
        for path in event.exports:
            self._line(f"File: {path}")
        if event.exports and self._folder is not None:
            for sentence in of_run(self._folder):
                self._line(sentence)
        stopped = f"Stopped after step {event.steps}." if event.steps else "Stopped."
        self._line(stopped if event.stopped_early else "Done.")

    def _open_bar(self, first_step: int, steps: int) -> None:
        from tqdm import tqdm  # late: the window never needs it

        stream = sys.stderr.raw() if isinstance(sys.stderr, GuardedStream) else sys.stderr
        self._bar = tqdm(
            total=steps, initial=first_step, unit="step", file=stream, dynamic_ncols=True
        )

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _line(self, *lines: str) -> None:
        """Names and captions stand in these lines: none of them begins another one."""
        if self._bar is not None:
            self._bar.clear()
        print(*map(printable, lines), sep="\n", file=self._out, flush=True)
        if self._bar is not None:
            self._bar.refresh()

    def _say_error(self, *lines: str) -> None:
        print(*map(printable, lines), sep="\n", file=sys.stderr, flush=True)


def _looked_at(event: PictureChecked | CaptionMade | Examined) -> str:
    if isinstance(event, Examined):
        from engine.doctor import line_of  # late: few commands need it

        return line_of(event)
    if isinstance(event, CaptionMade):
        return f"{Path(event.path).name}  {event.text}"
    return f"{event.name}  {event.width} x {event.height}  {event.caption or '(no caption)'}"


def _checked(event: ExportChecked) -> list[str]:
    """What an export report comes down to."""
    readers = ", ".join(event.loads_in) or "no front end"
    checked = (
        f"Checked {Path(event.path).name}: {event.keys} tensors, largest difference from the "
        f"live model {event.largest_difference:.1e}; loads in {readers}."
    )
    return [checked, *(f"Note: {remark}" for remark in event.remarks)]


def _told(event: CheckpointScored | Estimated | FitSuggested | TrialFinished) -> str:
    match event:
        case TrialFinished():
            return _finished(event)
        case CheckpointScored():
            return _scored(event)
        case Estimated():
            return _estimated(event)
    switches = switches_of(event.changes)
    if event.measures:
        return f"It would fit with {event.measures}, but that changes what is learnt: {switches}"
    return f"It would fit with {switches}"


def _scored(event: CheckpointScored) -> str:
    """What the judge found, in one line."""
    return (
        f"Step {event.step}: likeness {event.likeness:.3f} (base model {event.base_likeness:.3f}, "
        f"real pictures {event.ceiling:.3f}), follows prompts {event.prompts:.0%}, "
        f"drift {event.drift:.3f}, copies {event.copies:.0%}"
    )


def _estimated(event: Estimated) -> str:
    """What a dry run measured, in one line."""
    return (
        f"On the {event.device}: {event.seconds_per_step:.2f} s a step, "
        f"{event.seconds_per_sample:.1f} s a sample picture, about "
        f"{event.total_seconds / 60:.1f} min in all; "
        f"{event.peak_bytes / 2**30:.1f} of {event.free_bytes / 2**30:.1f} GiB free memory; "
        f"{event.disk_bytes / 2**20:.0f} MiB of disk, of which the trained file takes "
        f"{event.export_bytes / 2**20:.1f} MiB."
    )


def _finished(event: TrialFinished) -> str:
    return (
        f"{event.done} of {event.total}: {event.subject}, {event.method}, seed {event.seed}: "
        f"likeness {event.likeness:.3f} (base model {event.base_likeness:.3f}), "
        f"{event.cpu_seconds:.0f} CPU seconds"
    )

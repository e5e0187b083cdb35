"""The command line: the same engine as the window, with `--json` for scripts.

Exit codes: 0 done, 1 the user can mend it, 2 wrong usage, 3 a crash of ours.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from engine import config_file, presets, sample_project
from engine.config import STARTER, RunConfig
from engine.control import Control
from engine.data.pictures import PICTURE_SUFFIXES
from engine.errors import InvalidConfig, UserError
from engine.events import (
    CheckpointSaved,
    Event,
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
    as_json,
)
from engine.formats.catalog import FORMATS
from engine.methods.catalog import METHODS
from engine.settings import rows
from engine.storage import expand

DONE, MENDABLE, USAGE, CRASH = 0, 1, 2, 3


def main(arguments: list[str]) -> int:
    """Run one verb and return the exit code."""
    # A child of torchrun starts with these set; a single one must not write over the others.
    quiet = int(os.environ.get("RANK", "0")) > 0
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if parsed.help_settings:
        return _print_settings(parsed.help_settings)
    if parsed.verb is None:
        parser.print_usage(sys.stderr)
        return USAGE
    _quieten_libraries()
    _speak_utf8()
    control = Control()
    signal.signal(signal.SIGINT, lambda *_: control.stop())
    reporter = Reporter(as_lines=parsed.json, silent=quiet)
    try:
        return reporter.show(parsed.start(parsed, control))
    except UserError as error:
        return reporter.show(iter([RunFailed(error=error)]))
    except Exception:  # noqa: BLE001 (the last resort of the command line)
        return reporter.show(iter([RunCrashed(traceback=traceback.format_exc())]))


class Reporter:
    """Shows events: a bar and sentences for people, or one JSON object a line for scripts."""

    def __init__(self, *, as_lines: bool, silent: bool = False, out: TextIO | None = None) -> None:
        self._as_lines = as_lines
        self._silent = silent
        self._out = out or sys.stdout
        self._bar: Any = None

    def show(self, events: Iterator[Event]) -> int:
        """Show all events; returns the exit code that the last one means."""
        code = DONE
        for event in events:
            if isinstance(event, RunFailed):
                code = MENDABLE
            elif isinstance(event, RunCrashed):
                code = CRASH
            if not self._silent:
                self._show_one(event)
        return code

    def _show_one(self, event: Event) -> None:
        if isinstance(event, RunFailed):
            self._close_bar()
            self._say_error(f"{event.error} [{event.error.code}]")
        elif isinstance(event, RunCrashed):
            self._close_bar()
            self._say_error("Imprint crashed. This is a fault of ours, not of yours.")
            self._say_error(event.traceback)
        if self._as_lines:
            if not isinstance(event, Heartbeat):
                self._line(as_json(event))
        else:
            self._show_to_person(event)

    def _show_to_person(self, event: Event) -> None:
        match event:
            case StageProgress(stage=stage, done=0, total=1):
                self._line(f"{stage.value.replace('_', ' ')} ...")
            case RunStarted():
                self._line(f"Training {event.trainable:,} weights on the {event.device}.")
                self._line(f"Run folder: {event.folder}")
                self._open_bar(event.first_step, event.steps)
            case StepFinished() if self._bar is not None:
                self._bar.set_postfix_str(f"loss {event.loss:.3f}", refresh=False)
                self._bar.update(1)
            case Noticed():
                self._line(f"Note: {event.notice}")
            case PictureChecked():
                caption = event.caption or "(no caption)"
                self._line(f"{Path(event.path).name}  {event.width} x {event.height}  {caption}")
            case ImageGenerated():
                self._line(f"Picture: {event.path}")
            case SheetReady():
                self._close_bar()
                self._line(f"Before and after: {event.path}")
            case CheckpointSaved():
                pass
            case RunFinished():
                self._close_bar()
                for path in event.exports:
                    self._line(f"File: {path}")
                self._line(f"Stopped after step {event.steps}." if event.stopped_early else "Done.")

    def _open_bar(self, first_step: int, steps: int) -> None:
        from tqdm import tqdm  # late: the window never needs it

        self._bar = tqdm(total=steps, initial=first_step, unit="step", file=sys.stderr)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _line(self, text: str) -> None:
        try:
            if self._bar is not None and not self._as_lines:
                self._bar.write(text, file=self._out)
            else:
                print(text, file=self._out, flush=True)
        except BrokenPipeError:  # `| head` has gone: the run goes on unheard
            self._silent = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())

    def _say_error(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def _train(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    config = config_file.require(_merged_data(parsed))
    from engine.run import run  # late: torch takes seconds, a wrong flag should not

    return run(config, control)


def _resume(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    from engine.run import finished_exports, resume

    exports = finished_exports(parsed.run)
    if exports is not None:
        if not parsed.json:
            print("This run is finished already.")
        return iter([RunFinished(steps=0, stopped_early=False, exports=exports)])
    return resume(parsed.run, control)


def _generate(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    from dataclasses import replace

    from engine.addons import Addon
    from engine.generate import GenerateRequest, default_settings, generate

    given = {
        "negative_prompt": parsed.negative,
        "seed": parsed.seed,
        "width": parsed.size,
        "height": parsed.size,
        "num_inference_steps": parsed.steps,
        "guidance_scale": parsed.guidance,
    }
    settings = default_settings(parsed.base, parsed.prompt)
    settings = replace(
        settings, **{key: value for key, value in given.items() if value is not None}
    )
    request = GenerateRequest(
        base_model=parsed.base,
        addons=tuple(Addon.parse(text) for text in parsed.lora),
        settings=settings,
        count=parsed.count,
        folder=parsed.out,
    )
    return generate(request, control)


def _check(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    from engine.check import check_pictures

    return check_pictures(parsed.images, None, control)


def _export(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    del control  # one short step
    from engine.run import export_again

    return export_again(parsed.run, parsed.step, parsed.format, parsed.out)


def _doctor(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    del control
    from engine.doctor import examine

    report = examine()
    if parsed.json:
        print(json.dumps({"event": "DoctorReport", **report.as_dict()}), flush=True)
    else:
        for line in report.lines():
            print(line)
    if report.first_error is not None:
        return iter([RunFailed(error=report.first_error)])
    return iter(())


def _merged_data(parsed: argparse.Namespace) -> dict[str, Any]:
    """Preset below config file below flags below --set; paths made absolute."""
    asked: dict[str, Any] = config_file.read(parsed.config) if parsed.config else {}
    flags = {
        "dataset.folder": parsed.images,
        "dataset.trigger": parsed.trigger,
        "dataset.class_word": parsed.class_word,
        "method.kind": parsed.method,
        "base_model": parsed.base,
        "name": parsed.name,
        "training.steps": parsed.steps,
        "training.seed": parsed.seed,
        "runs_folder": parsed.out,
    }
    for key, value in flags.items():
        if value is not None:
            asked = config_file.merge(asked, config_file.nested(key, value))
    for text in parsed.set:
        asked = config_file.merge(asked, _parse_set(text))
    if "folder" not in _section(asked, "dataset"):
        if not parsed.json:
            print("No pictures were named: training on the bundled sample project.")
        return _absolute(config_file.merge(sample_project.sample_data(Path("runs")), asked))
    kind = _section(asked, "method").get("kind", "lora")
    folder = expand(str(_section(asked, "dataset")["folder"]))
    count = sum(1 for path in folder.glob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    preset = presets.starting_point(str(kind), str(asked.get("base_model", STARTER)), count)
    return _absolute(config_file.merge(preset, asked))


def _section(data: dict[str, Any], name: str) -> dict[str, Any]:
    section = data.get(name)
    return section if isinstance(section, dict) else {}


def _absolute(data: dict[str, Any]) -> dict[str, Any]:
    """A run must be resumable from any folder."""
    runs = expand(str(data.get("runs_folder", "runs"))).absolute()
    data = config_file.merge(data, {"runs_folder": str(runs)})
    dataset = _section(data, "dataset")
    if isinstance(dataset.get("folder"), str):
        folder = expand(dataset["folder"]).absolute()
        data = config_file.merge(data, config_file.nested("dataset.folder", str(folder)))
    base = data.get("base_model")
    if isinstance(base, str) and base != STARTER and base:
        data = config_file.merge(data, {"base_model": str(expand(base).absolute())})
    return data


def _parse_set(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise InvalidConfig(problems=f"--set wants key=value, not {text!r}.")
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    return config_file.nested(key, parsed)


def _print_settings(kind: str) -> int:
    entry = METHODS[kind]
    if entry.settings is None:
        print(f"{entry.title} comes next; it has no settings yet.")
        return DONE
    for row in [*rows(RunConfig), *rows(entry.settings, "method.")]:
        limits = "" if row.minimum is None else f" from {row.minimum:g}"
        limits += "" if row.maximum is None else f" to {row.maximum:g}"
        print(f"{row.key} = {row.default!r}{limits}  {row.label}. {row.help}".rstrip())
    return DONE


def _speak_utf8() -> None:
    """Whatever the terminal's own encoding: a caption it lacks letters for must not end a run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _quieten_libraries() -> None:
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="imprint", description=__doc__)
    parser.add_argument("--help-settings", choices=METHODS, help="list every --set key of a method")
    parser.set_defaults(json=False)
    verbs = parser.add_subparsers(dest="verb")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="one event a line on standard output")

    train = verbs.add_parser("train", parents=[shared], help="teach a model something new")
    train.add_argument("config", nargs="?", type=Path, help="settings as JSON or TOML")
    train.add_argument("--images", help="folder of pictures")
    train.add_argument("--method", choices=METHODS)
    train.add_argument("--base", help="starter, a .safetensors file or a diffusers folder")
    train.add_argument("--name")
    train.add_argument("--trigger", help="rare word that calls up what was learnt")
    train.add_argument("--class-word", help="one common word: cat, toy, person, style")
    train.add_argument("--steps", type=int)
    train.add_argument("--seed", type=int)
    train.add_argument("--out", help="folder in which the run folder is made")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    train.add_argument("--help-settings", choices=METHODS)
    train.set_defaults(start=_train)

    resume = verbs.add_parser("resume", parents=[shared], help="go on with a run")
    resume.add_argument("run", type=Path)
    resume.set_defaults(start=_resume)

    generate = verbs.add_parser("generate", parents=[shared], help="make pictures")
    generate.add_argument("--prompt", required=True)
    generate.add_argument("--negative")
    generate.add_argument("--base", default=STARTER)
    generate.add_argument("--lora", action="append", default=[], metavar="FILE[:WEIGHT]")
    generate.add_argument("--seed", type=_seed)
    generate.add_argument("--count", type=_positive, default=1)
    generate.add_argument("--size", type=_side)
    generate.add_argument("--steps", type=_positive)
    generate.add_argument("--guidance", type=float)
    generate.add_argument("--out", type=Path, default=Path("generated"))
    generate.set_defaults(start=_generate)

    check = verbs.add_parser("check", parents=[shared], help="look at pictures before a run")
    check.add_argument("--images", type=Path, required=True)
    check.set_defaults(start=_check)

    export = verbs.add_parser("export", parents=[shared], help="write a checkpoint as a file")
    export.add_argument("run", type=Path)
    export.add_argument("--step", type=int)
    export.add_argument("--format", choices=FORMATS, required=True)
    export.add_argument("--out", type=Path, required=True)
    export.set_defaults(start=_export)

    doctor = verbs.add_parser("doctor", parents=[shared], help="look at this computer")
    doctor.set_defaults(start=_doctor)
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _side(text: str) -> int:
    value = int(text)
    if not 32 <= value <= 4096 or value % 8:
        raise argparse.ArgumentTypeError("must be a multiple of 8, from 32 to 4096")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError("must be between 0 and 2^63")
    return value

"""The command line: the same engine as the window, with `--json` for scripts.

Exit codes: 0 done, 1 the user can mend it, 2 wrong usage, 3 a crash of ours, 130 stopped before
there was a result.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine import config_file, presets, sample_project
from engine.cli_arguments import make_parser
from engine.cli_reporter import DONE, USAGE, Reporter
from engine.config import DEFAULT_METHOD, STARTER, RunConfig
from engine.control import Control
from engine.errors import InvalidConfig
from engine.events import Event, RunFailed, RunFinished, failure_of
from engine.json_reading import NotParsed, parse_json
from engine.methods.catalog import METHODS
from engine.settings import rows
from engine.stop_signals import obeying_signals
from engine.storage import expand
from engine.terminal import guard_streams
from engine.torchrun import RankNotUsable, take_place


def main(arguments: list[str]) -> int:
    """Run one verb and return the exit code."""
    guard_streams()
    parser = make_parser(_VERBS)
    parsed = parser.parse_args(arguments)
    if parsed.help_settings:
        return _print_settings(parsed.help_settings)
    if parsed.verb is None:
        parser.print_usage(sys.stderr)
        return USAGE
    _quieten_libraries()
    try:
        rank, left_over = take_place()
    except RankNotUsable as error:
        return Reporter(as_lines=parsed.json).show(iter([RunFailed(error=error)]))
    control = Control()
    reporter = Reporter(as_lines=parsed.json, silent=bool(rank))  # the first one speaks for all
    if left_over is not None:
        reporter.warn(left_over)
    is_long = parsed.verb not in _SHORT and not getattr(parsed, "dry_run", False)
    with obeying_signals(control, outlives_terminal=is_long, is_rank=rank is not None):
        try:
            return reporter.show(parsed.start(parsed, control))
        except Exception as error:  # noqa: BLE001 (the last resort of the command line)
            return reporter.show(iter([failure_of(error)]))


def _train(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    config = config_file.require(_merged_data(parsed))
    if parsed.dry_run:
        from engine.dry_run import dry_run

        return dry_run(config, control)
    from engine.run import run  # late: torch takes seconds, a wrong flag should not

    return run(config, control)


def _resume(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    from engine.outcome import finished_exports
    from engine.run import resume

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
        "width": parsed.width or parsed.size,
        "height": parsed.height or parsed.size,
        "num_inference_steps": parsed.steps,
        "guidance_scale": parsed.guidance,
        "sampler": parsed.sampler,
        "clip_skip": parsed.clip_skip,
    }
    settings = default_settings(parsed.base, parsed.prompt)
    settings = replace(
        settings, **{key: value for key, value in given.items() if value is not None}
    )
    request = GenerateRequest(
        base_model=parsed.base,
        addons=tuple(Addon.parse(text) for text in parsed.addons),
        settings=settings,
        count=parsed.count,
        folder=parsed.out,
    )
    return generate(request, control)


def _check(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    from engine.check import check_pictures

    return check_pictures(parsed.images, None, control)


def _caption(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    from engine.captioner import caption_folder

    return caption_folder(
        parsed.images, parsed.model, control, anew=parsed.anew, in_front=parsed.in_front
    )


def _export(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    from engine.later_exports import export_again

    return export_again(parsed.run, parsed.step, parsed.format, parsed.out, control)


def _compare(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    from engine.evaluation.comparison import Budget, compare
    from engine.evaluation.report import write_report

    asked = {path.stem: config_file.read(path) for path in parsed.projects}
    if len(asked) < len(parsed.projects):
        raise InvalidConfig(problems="Two of the files have the same name; a subject goes by it.")
    if not asked:
        asked = {"sample-cat": sample_project.sample_data(Path("runs"))}
    extra: dict[str, Any] = {}
    for text in parsed.set:
        extra = config_file.merge(extra, _parse_set(text))
    if "method" in extra:  # for every method that is compared; the check tells which lacks it
        own = {"method": extra.pop("method")}
        extra = config_file.merge(extra, {"methods": dict.fromkeys(parsed.methods, own)})
    subjects = {name: _absolute(config_file.merge(data, extra)) for name, data in asked.items()}
    budget = Budget(steps=parsed.steps, seconds=parsed.seconds)

    def go() -> Iterator[Event]:
        results = yield from compare(
            subjects, parsed.methods, range(parsed.seeds), budget, parsed.out, parsed.jobs, control
        )
        paths = write_report(parsed.out, subjects, results, budget)
        yield RunFinished(
            steps=len(results),
            stopped_early=control.stop_requested,
            exports=tuple(str(path) for path in paths),
        )

    return go()


def _doctor(parsed: argparse.Namespace, control: Control) -> Iterator[Event]:
    del parsed
    from engine.doctor import examine

    return examine(control)


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
        kind = str(_section(asked, "method").get("kind", DEFAULT_METHOD))
        sample = sample_project.sample_data(Path("runs"), kind)
        return _absolute(config_file.merge(sample, asked))
    kind = _section(asked, "method").get("kind", DEFAULT_METHOD)
    count = presets.count_pictures(str(_section(asked, "dataset")["folder"]))
    preset = presets.starting_point(str(kind), str(asked.get("base_model", STARTER)), count)
    return _absolute(config_file.merge(preset, asked))


def _section(data: dict[str, Any], name: str) -> dict[str, Any]:
    section = data.get(name)
    return section if isinstance(section, dict) else {}


def _absolute(data: dict[str, Any]) -> dict[str, Any]:
    """A run must be resumable from any folder."""
    runs = expand(str(data.get("runs_folder", "runs"))).absolute()
    data = config_file.merge(data, {"runs_folder": str(runs)})
    for key in _PATHS:
        section, _, name = key.partition(".")
        path = _section(data, section).get(name)
        if isinstance(path, str) and path:
            data = config_file.merge(data, config_file.nested(key, str(expand(path).absolute())))
    base = data.get("base_model")
    if isinstance(base, str) and base != STARTER and base:
        data = config_file.merge(data, {"base_model": str(expand(base).absolute())})
    return data


def _parse_set(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise InvalidConfig(problems=f"--set wants key=value, not {text!r}.")
    try:
        parsed = parse_json(value, allow_nan=True)
    except NotParsed:
        parsed = value
    return config_file.nested(key, parsed)


def _print_settings(kind: str) -> int:
    for row in [*rows(RunConfig), *rows(METHODS[kind].settings, "method.")]:
        limits = "" if row.minimum is None else f" from {row.minimum:g}"
        limits += "" if row.maximum is None else f" to {row.maximum:g}"
        print(f"{row.key} = {row.default!r}{limits}  {row.label}. {row.help}".rstrip())
    return DONE


def _quieten_libraries() -> None:
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")


# Folders and files that settings name; a run must find them again from anywhere.
_PATHS = (
    "dataset.folder",
    "dataset.captions_folder",
    "evaluation.references",
    "evaluation.network",
    "method.class_folder",
    "method.start_from",
)
_SHORT = {"check", "doctor"}  # these end with their terminal
_VERBS = {
    "train": _train,
    "resume": _resume,
    "generate": _generate,
    "check": _check,
    "caption": _caption,
    "export": _export,
    "compare": _compare,
    "doctor": _doctor,
}

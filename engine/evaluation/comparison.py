"""The same pictures, prompts, seeds and budget through several methods: what each gives and costs.

Every trial is a process of its own, so that its peak memory is its own. A trial that is done is
written down and not run again: a comparison that was cut off goes on.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from engine import records, storage
from engine.config import STARTER
from engine.config_file import merge, nested, require
from engine.control import Control
from engine.errors import InvalidConfig, TrialFailed
from engine.evaluation.scores import Score
from engine.events import Event, Heartbeat, TrialFinished
from engine.json_reading import parse_json
from engine.methods.catalog import METHODS
from engine.metrics_lines import parsed_line
from engine.presets import count_pictures, starting_point
from engine.records import NotRead
from engine.regular_files import is_folder
from engine.shapes import OtherShape, shaped
from engine.watched import Watched, own_command, size_of
from engine.wording import QT_TRANSLATE_NOOP, Phrase

NUM_PICTURES = 8  # judged in each trial, where the settings say nothing
PROBE_STEPS = 12  # tell how long a step takes, where the budget is time
LOOK_SECONDS = 0.5

Data = dict[str, Any]

_NO_SECTION = QT_TRANSLATE_NOOP("engine", "{name} should be a section of settings.")
_NO_METHOD = QT_TRANSLATE_NOOP("engine", "There is no method {name}; there are {known}.")


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a comparison."""

    subject: str
    method: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.subject}-{self.method}-{self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What every method gets: so many steps, or so many seconds of steps. Neither: its preset."""

    steps: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What came of a trial; the figures of a score are engine.evaluation.scores.Score's."""

    subject: str
    method: str
    seed: int
    scores: list[dict[str, float]]  # one for each checkpoint
    steps: int
    seconds_a_step: float
    cpu_seconds: float  # of the whole process
    peak_bytes: int
    file_bytes: int
    trainable: int
    folder: str

    @property
    def score(self) -> dict[str, float]:
        """That of the last checkpoint."""
        return self.scores[-1]


def compare(
    subjects: Mapping[str, Data],
    methods: Sequence[str],
    seeds: Sequence[int],
    budget: Budget,
    folder: Path,
    jobs: int,
    control: Control,
) -> Generator[Event, None, list[TrialResult]]:
    """Yield TrialFinished for each trial; return the list of TrialResult.

    `subjects`: name -> settings as plain data, laid over each method's preset. What stands under
    "method" is for the method that it names, and what stands under "methods" for one alone:
    {"methods": {"lora": {"method": {"rank": 4}, "training": {"batch_size": 2}}}}.
    Trials change the seed of the training and nothing else, so the pictures judged have the same
    seeds.
    Raises InvalidConfig, OutputNotWritable, DiskFull, and TrialFailed where a training failed.
    """
    trials = [
        Trial(subject, method, seed)
        for seed in seeds  # every method and subject once before any twice
        for subject in subjects
        for method in methods
    ]
    plans = {trial: _settings(trial, subjects[trial.subject], budget, folder) for trial in trials}
    for plan in plans.values():
        require(plan)  # all that is wrong is said before the first begins
    # One of an earlier Imprint, which left no marks, is gone on with.
    storage.own_folder(folder, "comparison", adopt=is_folder(folder / "trials"))
    storage.require_writable(folder)
    crew = _Crew(budget, folder, jobs)
    results: list[TrialResult] = []
    with ThreadPoolExecutor(jobs) as pool:
        waiting: set[Future[TrialResult | None]] = {
            pool.submit(crew.run, trial, plan) for trial, plan in plans.items()
        }
        try:
            while waiting:
                done, waiting = wait(waiting, LOOK_SECONDS, FIRST_COMPLETED)
                if control.stop_requested:
                    break
                for future in done:
                    result = future.result()
                    if result is not None:
                        results.append(result)
                        yield _told(result, len(results), len(trials))
                yield Heartbeat()
        finally:
            for future in waiting:
                future.cancel()
            crew.stop()
    order = {trial.name: number for number, trial in enumerate(trials)}
    return sorted(results, key=lambda r: order[Trial(r.subject, r.method, r.seed).name])


def _settings(trial: Trial, asked: Data, budget: Budget, folder: Path) -> Data:
    shared = {key: value for key, value in asked.items() if key not in ("method", "methods")}
    method = _table(asked, "method")
    if method.get("kind") == trial.method:
        shared["method"] = method
    methods = _table(asked, "methods")
    unknown = [name for name in methods if name not in METHODS]
    if unknown:
        raise InvalidConfig(problems=Phrase(_NO_METHOD, name=unknown[0], known=", ".join(METHODS)))
    alone = _table(methods, trial.method)
    count = count_pictures(str(_table(asked, "dataset").get("folder", "")))
    data = starting_point(trial.method, str(asked.get("base_model", STARTER)), count)
    wished: Data = {
        "evaluation": {"num_pictures": NUM_PICTURES},
        "checkpoints": {"every_steps": 0},
    }
    fixed: Data = {
        "name": trial.name,
        "runs_folder": str((folder / "runs").absolute()),
        "method": {"kind": trial.method},
        "training": {"seed": trial.seed},
        "sampling": {"every_steps": 0},  # the judge's pictures are the samples
        "evaluation": {"enabled": True},
    }
    if budget.steps is not None:
        fixed["training"]["steps"] = budget.steps
    for part in (wished, shared, alone, fixed):
        data = merge(data, part)
    return data


def _table(data: Data, name: str) -> Data:
    """A section of what people wrote by hand. Raises InvalidConfig where it is something else."""
    found = data.get(name, {})
    if not isinstance(found, dict):
        raise InvalidConfig(problems=Phrase(_NO_SECTION, name=name))
    return found


class _Crew:
    """Runs trials, each in a process of its own, perhaps several at a time."""

    def __init__(self, budget: Budget, folder: Path, jobs: int) -> None:
        self._budget = budget
        self._folder = folder
        threads = max(1, (os.cpu_count() or 1) // jobs)
        self._environment = {"OMP_NUM_THREADS": str(threads)} if jobs > 1 else {}
        self._running: set[Watched] = set()
        self._lock = threading.Lock()
        self._is_over = False

    def stop(self) -> None:
        with self._lock:
            self._is_over = True
            for process in self._running:
                process.stop()

    def run(self, trial: Trial, settings: Data) -> TrialResult | None:
        """None where the comparison was stopped. Raises TrialFailed."""
        record = self._folder / "trials" / f"{trial.name}.json"
        known = _read(record, settings)
        if known is not None:
            return known
        if self._budget.seconds is not None:
            seconds = self._seconds_a_step(trial, settings)
            if seconds is None:
                return None
            steps = max(1, round(self._budget.seconds / seconds))
            planned = merge(settings, nested("training.steps", steps))
        else:
            planned = settings
        watched, lines = self._train(trial, planned)
        if watched is None:
            return None
        result = _result(trial, watched, lines)
        storage.write_json(record, {"settings": settings, "result": asdict(result)})
        return result

    def _seconds_a_step(self, trial: Trial, settings: Data) -> float | None:
        probe = {
            "name": f"{trial.name}-probe",
            "training": {"steps": PROBE_STEPS},
            "evaluation": {"enabled": False},
        }
        watched, lines = self._train(trial, merge(settings, probe))
        return None if watched is None else _median_step(lines)

    def _train(self, trial: Trial, settings: Data) -> tuple[Watched | None, list[Data]]:
        """The process, None where it was stopped, and the events that it told."""
        path = self._folder / "settings" / f"{settings['name']}.json"
        storage.write_json(path, settings)
        with self._lock:
            if self._is_over:
                return None, []
            watched = Watched([*own_command(), "train", str(path), "--json"], self._environment)
            self._running.add(watched)
        lines = [_parsed(line) for line in watched.lines()]
        with self._lock:
            self._running.discard(watched)
            if self._is_over:
                return None, []
        end = lines[-1] if lines else {}
        if watched.exit_code != 0 or end.get("event") != "RunFinished":
            reason = end.get("error", {}).get("summary") or end.get("traceback", "").strip()
            code = f"exit code {watched.exit_code}"
            raise TrialFailed(name=trial.name, reason=reason.split("\n")[-1] or code)
        return watched, lines


def _result(trial: Trial, watched: Watched, lines: list[Data]) -> TrialResult:
    start = next(line for line in lines if line["event"] == "RunStarted")
    scored = [line for line in lines if line["event"] == "CheckpointScored"]
    exports = [Path(line["path"]) for line in lines if line["event"] == "ExportChecked"]
    steps = [line for line in lines if line["event"] == "StepFinished"]
    names = Score.__slots__
    return TrialResult(
        subject=trial.subject,
        method=trial.method,
        seed=trial.seed,
        scores=[{name: line[name] for name in names} for line in scored],
        steps=len(steps),
        seconds_a_step=_median_step(lines),
        cpu_seconds=watched.cpu_seconds,
        peak_bytes=watched.peak_bytes,
        file_bytes=sum(size_of(path) for path in exports),
        trainable=start["trainable"],
        folder=start["folder"],
    )


def _median_step(lines: list[Data]) -> float:
    """The first steps warm caches up; the median does not mind them."""
    return median(line["seconds"] for line in lines if line["event"] == "StepFinished")


def _parsed(line: str) -> Data:
    return parsed_line(line) or {"event": ""}  # a library's own words


def _read(record: Path, settings: Data) -> TrialResult | None:
    """What an earlier, cut off comparison found with the very same settings."""
    try:
        known = records.read_json(record)
        if known.get("settings") != parse_json(json.dumps(settings)):
            return None
        result = shaped(known.get("result"), TrialResult)
    except (NotRead, OtherShape):
        return None
    return result if result.scores and is_folder(Path(result.folder)) else None


def _told(result: TrialResult, done: int, total: int) -> TrialFinished:
    return TrialFinished(
        subject=result.subject,
        method=result.method,
        seed=result.seed,
        likeness=result.score["likeness"],
        base_likeness=result.score["base_likeness"],
        cpu_seconds=result.cpu_seconds,
        done=done,
        total=total,
    )

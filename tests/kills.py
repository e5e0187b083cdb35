"""Kills trainings at random moments and looks at what is left."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from PIL import Image

from engine import checkpoint, storage
from engine.project import RunFolder, read_metrics
from tests.timing import PATIENCE

ROOT = Path(__file__).parents[1]
TIMEOUT_SECONDS = PATIENCE
STAYING = {".lock", storage.MARK}  # of a run's hidden files


class Command:
    """`main.py ... --json` as a child process, with its events as they come."""

    def __init__(self, *arguments: str | Path) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), *map(str, arguments), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
            cwd=ROOT,
        )
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # torn by the kill
            with self._changed:
                self.events.append(event)
                self._changed.notify_all()

    def wait_for(self, *names: str) -> bool:
        """True once such an event came; False if the process ended without it."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        with self._changed:
            while not any(event["event"] in names for event in self.events):
                if self.process.poll() is not None and not self._reader.is_alive():
                    return False
                assert time.monotonic() < deadline, "the command says nothing any more"
                self._changed.wait(0.02)
        return True

    def finish(self) -> tuple[int, str]:
        """Wait for the end; exit code and standard error."""
        assert self.process.stderr is not None
        errors = self.process.stderr.read()
        code = self.process.wait(TIMEOUT_SECONDS)
        self._reader.join()
        return code, errors

    def kill(self) -> None:
        self.process.kill()
        self.finish()


@dataclass(slots=True)
class Story:
    """What a training went through before it ended."""

    folder: RunFolder
    landed: Counter[str] = field(default_factory=Counter)  # where the kills came down


def train_under_fire(config: Path, runs: Path, kills: int, seed: int) -> Story:
    """Train; kill so many times at moments drawn from the seed; resume each time; end it.

    After each kill everything that has its final name must be whole.
    """
    chance = random.Random(seed)
    landed: Counter[str] = Counter()
    while landed.total() < kills:
        command = _start(config, runs)
        draw = chance.random()
        if draw < 0.15:
            time.sleep(chance.uniform(0, 4))  # while libraries and the model load
        elif command.wait_for("RunStarted"):
            time.sleep(chance.uniform(0, 1.0))
            if draw < 0.4:  # a write takes too little time to be met by chance often enough
                _await_write(command, _folders(runs)[0].checkpoints)
        if command.process.poll() is not None:
            break  # it reached its end before the kill
        command.kill()
        landed[_where(command, runs)] += 1
        require_whole(runs)
    code, errors = _start(config, runs).finish()
    assert code == 0, errors
    (folder,) = _folders(runs)
    return Story(folder, landed)


def _await_write(command: Command, checkpoints: Path) -> None:
    """Return as soon as a checkpoint is begun, or when there will be none any more."""
    while command.process.poll() is None and not next(checkpoints.glob(".tmp-*"), None):
        time.sleep(0.0005)


def _start(config: Path, runs: Path) -> Command:
    folders = _folders(runs)
    return Command("resume", folders[0].path) if folders else Command("train", config)


def _folders(runs: Path) -> list[RunFolder]:
    return [RunFolder(path.parent) for path in sorted(runs.glob("*/config.json"))]


def _where(command: Command, runs: Path) -> str:
    """In which work the kill came down, by the traces that it left."""
    if next(runs.glob("*/checkpoints/.tmp-*"), None):
        return "inside a checkpoint's write"
    if next(runs.glob("*/checkpoints/.trash-*"), None):
        return "while an old checkpoint was removed"
    if next(runs.rglob(".*.part"), None):
        return "inside another file's write"
    if not any(event["event"] == "RunStarted" for event in command.events):
        return "before the first step"
    last = command.events[-1]["event"]
    return {
        "StepFinished": "after a step, before what follows it",
        "CheckpointSaved": "after a save",
        "StageProgress": "while a sample was drawn",
        "SampleReady": "after a sample",
        "RunFinished": "at the end",
    }.get(last, f"after {last}")


def require_whole(runs: Path) -> None:
    """Nothing half-written stands under a final name."""
    for folder in _folders(runs):
        json.loads(folder.config_path.read_text("utf-8"))
        for step in checkpoint.steps_in(folder.checkpoints):
            checkpoint.verify(checkpoint.folder_of(folder.checkpoints, step))
        for path in folder.samples.glob("[!.]*"):
            with Image.open(path) as image:
                image.load()
        for path in folder.exports.rglob("[!.]*.safetensors"):
            safetensors.torch.load_file(path)
        for path in folder.exports.rglob("[!.]*.pt"):
            assert zipfile.ZipFile(path).testzip() is None
        for path in (folder.result, folder.path / "start.json"):
            assert not path.exists() or json.loads(path.read_text("utf-8"))


def require_tidy(folder: RunFolder) -> None:
    """No trace of a kill is left, and each step is told once."""
    leftovers = [path for path in folder.path.rglob(".*") if path.name not in STAYING]
    assert leftovers == []
    lines = folder.metrics.read_text("utf-8").splitlines()
    assert len(read_metrics(folder.metrics)) == len(lines)
    told = Counter((line["event"], line.get("path")) for line in map(json.loads, lines))
    once = ("SampleReady", "CheckpointSaved")
    assert all(count == 1 for (event, _), count in told.items() if event in once)

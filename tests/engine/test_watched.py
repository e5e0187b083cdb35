"""R-04: what a name names is whole from the moment at which the name can be seen.

Another process trains and saves at every step; this one looks at each new name at once, as a
program that mirrors folders or makes thumbnails would.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import safetensors.torch
from PIL import Image

from engine import checkpoint
from engine.records import NotRead
from tests.engine_runs import config_of, tiny_run
from tests.figures import SOAK, figure
from tests.kills import Command

TAKES_LONG = True  # for few tests: see tests/conftest.py

STEPS = figure(30, 3_000)
LOOKS = figure(60, 10_000)
GROWS = "metrics.jsonl"  # line by line; its readers leave out a last line that is torn


@pytest.mark.slow
@pytest.mark.timeout(3_600 if SOAK else 300)
def test_no_name_is_ever_seen_before_its_file_is_whole(tiny_folder, pictures_folder, tmp_path):
    runs = tmp_path / "runs"
    data = tiny_run(
        tiny_folder, pictures_folder, runs, training={"steps": STEPS},
        checkpoints={"every_steps": 1, "keep": 3}, sampling={"every_steps": 1},
    )  # fmt: skip
    config = tmp_path / "config.json"
    config.write_text(json.dumps(config_of(data).model_dump(mode="json")), "utf-8")
    training = Command("train", config)
    seen: set[tuple[Path, int]] = set()
    looks: Counter[str] = Counter()
    while training.process.poll() is None:
        for path in new_names(runs, seen):
            if look_at(path):
                looks[path.name if path.suffix == ".json" else path.suffix] += 1
    code, errors = training.finish()
    assert code == 0, errors
    print(f"\n{looks.total()} looks: {dict(looks)}")
    assert {".safetensors", ".png", "MANIFEST.json", "state.json"} <= looks.keys()
    assert looks.total() >= LOOKS


def new_names(folder: Path, seen: set[tuple[Path, int]]) -> Iterator[Path]:
    """Files under their final names that were not there before, or were another file."""
    for place, folders, names in os.walk(folder):  # passes over what goes while it looks
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            if name.startswith(".") or name == GROWS:
                continue
            try:
                about = (path, path.stat().st_ino)
            except FileNotFoundError:
                continue
            if about not in seen:
                seen.add(about)
                yield path


def look_at(path: Path) -> bool:
    """Read all of it; raises where it is not whole. False where it went meanwhile."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False  # of a checkpoint that was pruned
    match path.suffix:
        case ".json":
            json.loads(content)
            return path.name != "state.json" or _is_whole_checkpoint(path.parent)
        case ".safetensors":
            safetensors.torch.load(content)
        case ".png":
            Image.open(BytesIO(content)).load()
    return True


def _is_whole_checkpoint(folder: Path) -> bool:
    """Whoever sees one file of a checkpoint can see all of them."""
    try:
        checkpoint.verify(folder)
    except NotRead:
        if folder.exists():
            raise
        return False
    return True

"""What a run will need, measured by a few of its steps, against what it then needs."""

from __future__ import annotations

import gc
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch

from engine import dry_run as dry_run_module
from engine import planning
from engine.cli import _parse_set
from engine.cli_reporter import Reporter
from engine.config import RunConfig
from engine.config_file import merge, switches_of
from engine.control import Control
from engine.dry_run import dry_run, peak_memory
from engine.events import Estimated, FitSuggested, RunFailed, RunFinished, StepFinished
from engine.memory import Place
from engine.notices import MemoryPlanned
from tests.conftest import draw_pictures
from tests.engine_runs import config_of, require_finished, tiny_run, train

ROOT = Path(__file__).parents[2]
METHODS = {
    "lora": {},
    "dreambooth": {"learning_rate": 1e-4, "num_class_images": 2},
    "textual_inversion": {},
    "hypernetwork": {},
}


def tried(data: dict) -> list:
    return list(dry_run(config_of(data), Control()))


def measured(data: dict) -> Estimated:
    (found,) = [event for event in tried(data) if isinstance(event, Estimated)]
    return found


def disk_use(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", METHODS)
def test_the_disk_that_is_foretold_is_what_the_run_then_takes(
    tiny_folder, image_folder, tmp_path, kind
):
    data = tiny_run(
        tiny_folder, image_folder, tmp_path / "runs",
        method={"kind": kind, **METHODS[kind]}, training={"steps": 6},
        checkpoints={"every_steps": 2},
    )  # fmt: skip
    told = measured(data)
    trained = require_finished(train(data))
    taken = disk_use(trained.folder.checkpoints) + disk_use(trained.folder.exports)
    # Headers of many small tensors weigh on so tiny a model.
    assert told.disk_bytes <= taken <= 1.6 * told.disk_bytes + 200_000


def test_nothing_is_left_behind(tiny_folder, image_folder, tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    data = tiny_run(tiny_folder, image_folder, tmp_path / "runs")
    assert isinstance(tried(data)[-1], RunFinished)
    assert list(place.iterdir()) == []
    assert not (tmp_path / "runs").exists()


def test_more_steps_and_more_samples_take_more_time(tiny_folder, image_folder, tmp_path):
    few = tiny_run(tiny_folder, image_folder, tmp_path, training={"steps": 1000})
    many = tiny_run(tiny_folder, image_folder, tmp_path, training={"steps": 100_000})
    told = measured(many)
    assert told.total_seconds > 10 * measured(few).total_seconds
    assert told.total_seconds == pytest.approx(100_000 * told.seconds_per_step, rel=0.5)


def test_few_steps_are_taken_however_long_the_run(tiny_folder, image_folder, tmp_path):
    events = tried(tiny_run(tiny_folder, image_folder, tmp_path, training={"steps": 100_000}))
    assert len([event for event in events if isinstance(event, StepFinished)]) == 4


def test_a_stop_ends_it_at_once(tiny_folder, image_folder, tmp_path):
    control = Control()
    events = []
    for event in dry_run(config_of(tiny_run(tiny_folder, image_folder, tmp_path)), control):
        events.append(event)
        if isinstance(event, StepFinished):
            control.stop()
    assert [event for event in events if isinstance(event, Estimated)] == []
    assert isinstance(events[-1], RunFinished)
    assert events[-1].stopped_early


def test_a_set_without_pictures_is_told(tiny_folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert isinstance(tried(tiny_run(tiny_folder, tmp_path / "empty", tmp_path))[-1], RunFailed)


def with_free(monkeypatch, gib: float) -> None:
    """A computer with so much memory free; the one here has more than is wanted for this."""
    for module in (dry_run_module, planning):
        monkeypatch.setattr(
            module, "probe", lambda device: Place(device=device, free_bytes=round(gib * 2**30))
        )


def changes(config: RunConfig, measured_bytes: int = 0) -> dict | None:
    found = planning.suggest_fit(config, measured_bytes)
    return None if found is None else dict(found.changes)


@pytest.mark.parametrize(
    ("gib", "training", "expected"),
    [
        (1.20, {"gradient_checkpointing": "off"}, {"training.gradient_checkpointing": "auto"}),
        (1.20, {"batch_size": 4, "gradient_checkpointing": "on"}, {"training.batch_size": 1}),
        (0.60, {"gradient_checkpointing": "on", "precision": "fp32"}, {"training.resolution": 448}),
        (0.01, {}, None),
    ],
)
def test_the_first_switch_that_makes_a_run_fit_is_named(
    tiny_folder, image_folder, tmp_path, monkeypatch, gib, training, expected
):
    with_free(monkeypatch, gib)
    data = tiny_run(
        tiny_folder, image_folder, tmp_path,
        training={"resolution": 512, **training}, optimizer={"name": "adafactor"},
    )  # fmt: skip
    assert changes(config_of(data)) == expected


def test_a_change_of_what_is_learnt_is_offered_by_name(
    tiny_folder, image_folder, tmp_path, monkeypatch
):
    with_free(monkeypatch, 0.45)
    method = {"kind": "dreambooth", "prior_weight": 0}
    data = tiny_run(
        tiny_folder, image_folder, tmp_path, method=method, training={"resolution": 512}
    )
    found = planning.suggest_fit(config_of(data))
    assert found is not None
    assert found.measures
    assert found.changes.keys() <= {
        "optimizer.fused_backward", "optimizer.name", "training.weights", "training.precision"
    }  # fmt: skip
    told = io.StringIO()
    events = iter([FitSuggested(changes=dict(found.changes), measures=found.measures)])
    Reporter(as_lines=False, out=told).show(events)
    assert (
        f"It would fit with {found.measures}, but that changes what is learnt:" in told.getvalue()
    )
    agreed = config_of(with_switches(data, switches_of(found.changes)))
    plan = planning.plan_run(agreed)
    assert plan.notice is None or isinstance(plan.notice, MemoryPlanned)


def with_switches(data: dict, switches: str) -> dict:
    """As the command line reads them."""
    for word in switches.split():
        if word != "--set":
            data = merge(data, _parse_set(word))
    return data


def test_a_check_that_ran_out_of_memory_is_not_called_fitting(
    tiny_folder, image_folder, tmp_path, monkeypatch
):
    """The estimate said that it fits, and it did not."""
    with_free(monkeypatch, 8)
    data = tiny_run(
        tiny_folder, image_folder, tmp_path,
        training={"resolution": 512, "gradient_checkpointing": "off"},
    )  # fmt: skip
    assert changes(config_of(data)) == {"training.gradient_checkpointing": "auto"}


SMALL_COMPUTER = """
import json, sys
from engine import dry_run, planning
from engine.config_file import require
from engine.control import Control
from engine.memory import Place
from engine.notices import MemoryPlanned
for module in (dry_run, planning):
    module.probe = lambda device: Place(device=device, free_bytes=round(0.15 * 2**30))
for event in dry_run.dry_run(require(json.loads(sys.argv[1])), Control()):
    print(type(event).__name__, getattr(event, "fits", ""))
"""


def test_a_run_that_does_not_fit_comes_with_what_would(tiny_folder, image_folder, tmp_path):
    """In a process of its own: what this one holds of the tests before may do for the run."""
    big = {"batch_size": 4, "resolution": 128, "gradient_checkpointing": "off"}
    data = tiny_run(tiny_folder, image_folder, tmp_path, training=big)
    done = subprocess.run(
        [sys.executable, "-c", SMALL_COMPUTER, json.dumps(data)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = done.stdout.splitlines()
    assert "Estimated False" in told
    assert "FitSuggested " in told


def test_the_largest_shape_is_what_is_tried(tiny_folder, tmp_path):
    folder = draw_pictures(tmp_path / "pictures", count=2)
    data = tiny_run(tiny_folder, folder, tmp_path, training={"steps": 4, "batch_size": 3})
    assert measured(data).peak_bytes >= 0  # a batch larger than the set is filled up


def test_the_peak_is_the_most_that_was_held_inside_and_not_at_the_end():
    gc.collect()
    with peak_memory(torch.device("cpu")) as peak:
        held = torch.ones(60 * 2**20, dtype=torch.uint8)
        for _ in range(8):
            held = held + 1
        del held
    assert 55 * 2**20 < peak.bytes < 400 * 2**20


def test_memory_that_an_earlier_run_has_freed_counts_again():
    """The C library keeps small pieces that lie below one that is in use."""
    gc.collect()  # garbage that goes in the midst would hide it
    large = torch.ones(8 * 2**20, dtype=torch.uint8)
    del large  # pieces smaller than what was freed come from the heap from now on
    pieces = pieces_of_a_mebibyte(200)
    above = pieces[-1]
    pieces.clear()
    with peak_memory(torch.device("cpu")) as peak:
        pieces = pieces_of_a_mebibyte(150)
        time.sleep(0.1)
    assert above.numel() == 2**20
    assert peak.bytes > 100 * 2**20


def pieces_of_a_mebibyte(count: int) -> list[torch.Tensor]:
    return [torch.ones(2**20, dtype=torch.uint8) for _ in range(count)]


def test_the_command_line_tells_what_a_run_needs(tiny_folder, image_folder, tmp_path, capsys):
    from engine.cli import main

    code = main(
        ["train", "--base", str(tiny_folder), "--images", str(image_folder), "--dry-run",
         "--trigger", "zwx", "--out", str(tmp_path / "runs"), "--set", "training.resolution=32",
         "--set", "sampling.num_inference_steps=2", "--set", "training.device=cpu"]
    )  # fmt: skip
    told = capsys.readouterr().out
    assert code == 0, told
    assert "s a step" in told
    assert "MiB of disk" in told
    assert not (tmp_path / "runs").exists()

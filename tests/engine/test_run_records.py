"""What a run folder tells: for the history, for comparing, for a bug report."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from engine import run_records
from engine.events import StepFinished
from engine.project import RunFolder
from engine.run_records import (
    UNREADABLE,
    differences,
    likeness_curve,
    load_record,
    loss_curve,
    samples_of,
    set_note,
    set_star,
    smoothed,
    write_diagnostics,
)
from tests.conftest import draw_pictures
from tests.engine_runs import require_finished, stop_after, tiny_run, train


@pytest.fixture(scope="module")
def trained(tiny_folder_once, tmp_path_factory):
    """A finished run with samples and scores."""
    place = tmp_path_factory.mktemp("records")
    pictures = draw_pictures(place / "secret-pictures", count=3)
    data = tiny_run(
        tiny_folder_once, pictures, place / "runs", sampling={"every_steps": 2},
        evaluation={"enabled": True, "num_pictures": 2},
    )  # fmt: skip
    return require_finished(train(data))


@pytest.fixture(scope="module")
def tiny_folder_once(tmp_path_factory):
    from tests.conftest import build_tiny_model

    return build_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


def test_a_finished_run_tells_its_name_length_loss_and_likeness(trained):
    record = load_record(trained.folder)
    losses = [event.loss for event in trained.of(StepFinished)]
    assert (record.name, record.method, record.outcome) == ("toy", "lora", "finished")
    assert (record.steps, record.planned) == (4, 4)
    assert record.loss == pytest.approx(smoothed(losses)[-1])
    assert record.seconds > 0
    assert record.peak_bytes > 2**20
    assert record.best_step in (2, 4)
    assert -1 <= record.likeness <= 1
    assert record.sample is not None


def test_the_curves_are_those_that_were_told(trained):
    losses = [event.loss for event in trained.of(StepFinished)]
    assert loss_curve(trained.folder).values == losses
    assert loss_curve(trained.folder).steps == [1, 2, 3, 4]
    assert likeness_curve(trained.folder).steps == [2, 4]
    assert sorted(samples_of(trained.folder)) == [0, 2, 4]


def test_a_stopped_run_and_one_that_was_cut_off_are_told_apart(tiny_folder, image_folder, tmp_path):
    stopped = train(tiny_run(tiny_folder, image_folder, tmp_path), stop_after(2))
    assert load_record(stopped.folder).outcome == "stopped"
    lines = stopped.folder.metrics.read_text("utf-8").splitlines()
    stopped.folder.metrics.write_text("\n".join(lines[:3]) + "\n", "utf-8")
    stopped.folder.result.unlink(missing_ok=True)
    assert load_record(stopped.folder).outcome == "interrupted"


def test_a_folder_that_is_damaged_cannot_be_shown_and_one_that_is_gone_is_left_out(tmp_path):
    assert load_record(RunFolder(tmp_path)) is None
    (tmp_path / "config.json").write_text("{")
    assert load_record(RunFolder(tmp_path)).outcome == UNREADABLE
    (tmp_path / "config.json").write_text("{}")
    record = load_record(RunFolder(tmp_path))
    assert (record.steps, record.outcome, record.loss) == (0, "interrupted", None)


def test_a_note_and_a_star_stay_with_the_run(trained):
    set_note(trained.folder, "the good one", "")
    set_star(trained.folder, True)
    record = load_record(trained.folder)
    assert (record.note, record.starred) == ("the good one", True)


def test_only_settings_that_differ_are_compared(tmp_path):
    folders = []
    for number, rank in enumerate((4, 8)):
        folder = tmp_path / str(number)
        folder.mkdir()
        config = {"name": "x", "method": {"kind": "lora", "rank": rank}, "training": {"steps": 3}}
        (folder / "config.json").write_text(json.dumps(config))
        folders.append(RunFolder(folder))
    assert differences(folders) == [("method.rank", ["4", "8"])]


def test_a_bug_report_holds_nothing_of_a_person(trained, tmp_path):
    out = write_diagnostics(trained.folder, tmp_path / "report.zip")
    with zipfile.ZipFile(out) as archive:
        assert sorted(archive.namelist()) == ["computer.json", "events.jsonl", "settings.json"]
        text = "".join(archive.read(name).decode() for name in archive.namelist())
    for secret in ("secret-pictures", str(Path.home()), "zwx", "a photo of", str(tmp_path.parent)):
        assert secret not in text, secret
    assert '"StepFinished"' in text
    assert '"rank": 4' in text
    assert run_records.without_private({"a": {"trigger": "me"}}) == {"a": {"trigger": "(left out)"}}

"""The metrics of long runs are read in a thread, and once."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.main_window import MainWindow
from desktop.run_reader import RunReader
from engine.project import Project, RunFolder
from engine.run_records import set_note, set_star
from tests.desktop.conftest import close_without_asking

STEPS = 100_000


class Opened:
    """In which threads files were opened, by the interpreter's own account."""

    def __init__(self) -> None:
        self.is_listening = False
        self.seen: list[tuple[str, threading.Thread]] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, facts: tuple) -> None:
        if self.is_listening and event == "open":
            self.seen.append((Path(str(facts[0])).name, threading.current_thread()))

    def threads_of(self, name: str) -> list[threading.Thread]:
        return [thread for opened, thread in self.seen if opened == name]


OPENED = Opened()  # an audit hook cannot be removed


@pytest.fixture
def opened() -> Iterator[Opened]:
    OPENED.seen.clear()
    OPENED.is_listening = True
    yield OPENED
    OPENED.is_listening = False


@pytest.fixture
def long_run(tmp_path) -> RunFolder:
    """A finished run of a hundred thousand steps, in a project of its own."""
    project = Project(tmp_path / "long")
    project.save_draft({"name": "long", "runs_folder": str(project.runs)})
    folder = RunFolder(project.runs / "2026-11-30_1200_long_lora")
    folder.path.mkdir(parents=True)
    data = {"name": "long", "method": {"kind": "lora"}, "training": {"steps": STEPS}}
    folder.config_path.write_text(json.dumps(data))
    folder.result.write_text(json.dumps({"outcome": "finished", "seconds": 9.0}))
    line = '{"event": "StepFinished", "step": %d, "loss": 0.25, "memory_bytes": 1024}\n'
    folder.metrics.write_text("".join(line % step for step in range(1, STEPS + 1)))
    return folder


def test_a_window_opens_a_long_run_without_reading_its_metrics_in_its_own_thread(
    qtbot, monkeypatch, long_run, opened
):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    window = MainWindow(Project(long_run.path.parent.parent))
    qtbot.addWidget(window, before_close_func=close_without_asking)
    window.show()
    table = window.monitor.history.table
    qtbot.waitUntil(lambda: table.rowCount() == 1)
    assert table.item(0, 3).text() == f"{STEPS} / {STEPS}"
    assert table.item(0, 5).text() == "0.2500"
    window.monitor.history.table.cellClicked.emit(0, 0)  # a star
    assert table.item(0, 0).text() == "★"
    window._refresh_home()
    window.guide.close()
    threads = opened.threads_of("metrics.jsonl")
    assert threads != []
    assert threading.main_thread() not in threads


def test_the_curves_of_long_runs_are_not_read_in_the_windows_thread(qtbot, qapp, long_run, opened):
    reader = RunReader(qapp)
    with qtbot.waitSignal(reader.curves_read) as read:
        reader.read_curves([long_run])
    assert len(read.args[0][0].steps) == STEPS
    assert threading.main_thread() not in opened.threads_of("metrics.jsonl")
    reader.deleteLater()


def test_a_run_that_has_not_changed_is_read_once(qtbot, qapp, long_run, opened):
    reader = RunReader(qapp)
    for _ in range(3):
        with qtbot.waitSignal(reader.records_read) as read:
            reader.read_records([long_run])
        assert [record.steps for record in read.args[0]] == [STEPS]
    assert len(opened.threads_of("metrics.jsonl")) == 1
    with long_run.metrics.open("a") as file:
        file.write('{"event": "StepFinished", "step": 100001, "loss": 0.25}\n')
    with qtbot.waitSignal(reader.records_read) as read:
        reader.read_records([long_run])
    assert [record.steps for record in read.args[0]] == [STEPS + 1]
    reader.deleteLater()


def _add_a_step(run: RunFolder) -> None:
    with run.metrics.open("a") as file:
        file.write('{"event": "StepFinished", "step": 2, "loss": 0.5}\n')


def _add_a_sample(run: RunFolder) -> None:
    run.samples.mkdir()
    (run.samples / "step_000001_1_seed0.png").write_bytes(b"a picture")


CHANGES = {
    "a step": _add_a_step,
    "a sample": _add_a_sample,
    "a note": lambda run: set_note(run, "the best so far", ""),
    "a star": lambda run: set_star(run, True),
    "its end": lambda run: run.result.write_text(json.dumps({"outcome": "finished"})),
    "its settings": lambda run: run.config_path.write_text(json.dumps({"name": "other"})),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_in_a_run_is_seen_at_the_next_look(qtbot, qapp, long_run, change):
    long_run.metrics.write_text('{"event": "StepFinished", "step": 1, "loss": 0.25}\n')
    long_run.result.unlink()
    reader, seen = RunReader(qapp), []
    for _ in range(2):
        with qtbot.waitSignal(reader.records_read) as read:
            reader.read_records([long_run])
        seen += read.args[0]
        if len(seen) == 1:
            CHANGES[change](long_run)
    assert seen[0] != seen[1]
    reader.deleteLater()


def test_only_the_newest_list_of_runs_is_shown(qtbot, qapp, long_run):
    reader, seen = RunReader(qapp), []
    reader.records_read.connect(seen.append)
    reader.read_records([long_run])
    reader.read_curves([long_run])  # another question does not make the list void
    reader.read_records([])
    qtbot.waitUntil(lambda: seen == [[]])
    reader.deleteLater()

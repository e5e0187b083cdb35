"""What is seen of runs: the result, the log, the history, two of them side by side."""

from __future__ import annotations

import itertools
import json
import shutil
import threading

import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from desktop.engine_thread import EngineThread
from desktop.jobs import Jobs
from desktop.panels.monitor_panel import MonitorPanel
from desktop.run_desk import RunDesk
from desktop.widgets.first_result import moments
from desktop.widgets.run_history import NOTE
from desktop.widgets.run_log import MOST_LINES
from engine.dataset_notices import KeptBack
from engine.errors import NoCheckpoint, NoPictures
from engine.events import (
    CheckpointScored,
    Noticed,
    PausedAt,
    RunCrashed,
    RunFailed,
    RunFinished,
    RunStarted,
    StepFinished,
    as_json,
)
from engine.project import Project, RunFolder
from engine.run_records import load_record, set_note, set_star
from tests.conftest import draw_pictures
from tests.desktop.conftest import step
from tests.rights import needs_rights, without_rights
from tests.timing import PATIENCE, cpu_seconds


@pytest.fixture
def monitor(qtbot, theme):
    panel = MonitorPanel(theme)
    qtbot.addWidget(panel)
    panel.resize(1100, 800)
    panel.show()
    return panel


def score(at: int, likeness: float) -> CheckpointScored:
    return CheckpointScored(
        step=at, likeness=likeness, base_likeness=0.4, ceiling=0.9, margin=0.1, prompts=1.0,
        drift=0.1, copies=0.0, best_step=at, reason="the most like your pictures",
    )  # fmt: skip


def make_run(place, name: str, rank: int = 4, losses=(0.5, 0.4, 0.3), outcome="finished"):
    """A run folder as the engine leaves it."""
    folder = RunFolder(place / name)
    folder.samples.mkdir(parents=True)
    config = {"name": name, "method": {"kind": "lora", "rank": rank}, "training": {"steps": 3}}
    folder.config_path.write_text(json.dumps(config))
    events = [StepFinished(step=n, loss=loss, learning_rate=1e-3, seconds=0.1, memory_bytes=2**28)
              for n, loss in enumerate(losses, start=1)]  # fmt: skip
    folder.metrics.write_text("".join(as_json(event) + "\n" for event in events))
    if outcome:
        folder.result.write_text(json.dumps({"outcome": outcome, "seconds": 12.0}))
    for at in (0, 100, 200):
        picture = draw_pictures(place / "drawn", count=1) / "picture0.png"
        (folder.samples / f"step_{at:06d}_1_seed42.png").write_bytes(picture.read_bytes())
    return folder


@pytest.mark.parametrize(
    ("steps", "exported", "shown"),
    [
        ([100, 200, 300], 300, [100, 200, 300]),
        ([100, 200, 300, 400], 200, [100, 200, 300, 400]),
        (list(range(100, 1100, 100)), 1000, [100, 400, 700, 1000]),
        (list(range(100, 1100, 100)), 600, [100, 400, 600, 1000]),
        ([], 100, []),
    ],
)
def test_the_moments_are_spread_out_and_hold_the_exported_one(steps, exported, shown):
    assert moments(steps, exported) == shown


def finish(monitor, folder) -> None:
    monitor.begin("x")
    monitor.show_event(
        RunStarted(folder=str(folder.path), steps=3, first_step=0, device="cpu", trainable=10)
    )
    for number in (1, 2, 3):
        monitor.show_event(step(number))
    exports = (str(folder.exports / "x.safetensors"),)
    monitor.show_event(RunFinished(steps=3, stopped_early=False, exports=exports))


def test_after_a_run_the_best_moment_can_be_chosen(qtbot, monitor, tmp_path):
    folder = make_run(tmp_path, "one")
    finish(monitor, folder)
    assert monitor.result.isVisible()
    assert [button.property("step") for button in monitor.result.buttons] == [100, 200]
    with qtbot.waitSignal(monitor.step_requested) as asked:
        monitor.result.buttons[0].click()
    assert asked.args == [folder, 100]
    monitor.result.show_written(folder, 100)
    with qtbot.waitSignal(monitor.install_requested) as asked:
        monitor.result.install.click()
    assert asked.args == [str(folder.exports / "x.safetensors")]
    monitor.begin("another")
    assert not monitor.result.isVisible()


def test_the_settings_of_the_run_are_shown_as_they_were(monitor, tmp_path):
    folder = make_run(tmp_path, "one", rank=64)
    finish(monitor, folder)
    assert '"rank": 64' in monitor._settings.toPlainText()


def test_likeness_and_pauses_are_drawn_and_said(monitor, tmp_path):
    finish(monitor, make_run(tmp_path, "one"))
    monitor.show_event(score(2, 0.7))
    monitor.show_event(PausedAt(step=3))
    monitor.chart.draw_now()
    assert "likeness 0.70 at step 2" in monitor.chart.summary
    assert monitor.chart.marks == [(3, "paused")]
    monitor.chart.clear()
    assert monitor.chart.marks == []


def test_the_log_tells_in_words_and_can_be_filtered(monitor):
    monitor.begin("x")
    for number in range(1, 21):
        monitor.show_event(step(number))
    monitor.show_event(Noticed(notice=KeptBack(names="a.png")))
    monitor.show_event(RunFailed(error=NoPictures(folder="x", num_files=0)))
    text = monitor.log.text.toPlainText()
    assert text.count("loss") == 2  # every tenth step
    assert "a.png" in text
    assert "IM-IMG-10" in text
    monitor.log.filter.setText("loss")
    assert len(monitor.log.text.toPlainText().splitlines()) == 2
    monitor.log.filter.setText("")
    assert monitor.log.text.toPlainText() == text


def test_a_line_costs_the_same_after_a_hundred_thousand_lines(monitor):
    log = monitor.log
    log.resize(600, 300)
    log.show()
    numbers = itertools.count(10, 10)

    def show_a_line():
        log.show_event(step(next(numbers)))
        log.grab()

    for _ in range(2 * MOST_LINES):
        log.show_event(step(next(numbers)))
    early = cpu_seconds(show_a_line, rounds=20)
    for _ in range(100_000):
        log.show_event(step(next(numbers)))
    late = cpu_seconds(show_a_line, rounds=20)
    assert late < 5 * early
    assert log.text.blockCount() == MOST_LINES
    last = next(numbers) - 10
    log.filter.setText(f"step {last}:")
    assert len(log.text.toPlainText().splitlines()) == 1


def test_a_crash_stands_whole_in_the_log(monitor):
    monitor.begin("x")
    monitor.show_event(RunCrashed(traceback="Traceback\n  File x\nValueError: y"))
    assert "ValueError: y" in monitor.log.text.toPlainText()


def show_runs(qtbot, monitor, folders):
    """They are read in a thread."""
    monitor.history.show_runs(folders)
    rows = len(folders)
    qtbot.waitUntil(lambda: monitor.history.table.rowCount() == rows)


def compare(qtbot, monitor):
    monitor.history.compare.click()
    qtbot.waitUntil(monitor.history.view.isVisible)


def test_the_history_tells_of_each_run(qtbot, monitor, tmp_path):
    show_runs(qtbot, monitor, [make_run(tmp_path, "two", outcome=""), make_run(tmp_path, "one")])
    table = monitor.history.table
    assert table.rowCount() == 2
    texts = [table.item(row, column).text() for row in (0, 1) for column in (1, 2, 4)]
    assert texts == ["two", "LoRA", "interrupted", "one", "LoRA", "finished"]


@needs_rights
def test_a_folder_of_runs_that_may_not_be_read_is_no_empty_history(monitor, tmp_path):
    project = Project(tmp_path / "toy")
    project.runs.mkdir(parents=True)
    with without_rights(project.runs):
        monitor.show_runs(project)
    assert f"{project.runs} cannot be read: Permission denied" in monitor.history.strip.text
    monitor.show_runs(project)
    assert monitor.history.strip.isHidden()


def test_two_windows_take_no_note_and_no_star_from_each_other(qtbot, monitor, tmp_path):
    folder = make_run(tmp_path, "one")
    show_runs(qtbot, monitor, [folder])
    history = monitor.history
    set_note(folder, "theirs", "")  # as another window does
    history._toggle_star(0, 0)
    assert json.loads(folder.notes.read_text()) == {"note": "theirs", "starred": True}
    assert history.table.item(0, NOTE).text() == "theirs"
    set_star(folder, False)
    set_note(folder, "theirs, changed", "theirs")
    history.table.item(0, NOTE).setText("ours")
    assert json.loads(folder.notes.read_text()) == {
        "note": "ours / theirs, changed", "starred": False,
    }  # fmt: skip


def test_a_note_makes_no_folder_for_a_run_that_was_renamed(qtbot, monitor, tmp_path):
    folder = make_run(tmp_path, "one")
    show_runs(qtbot, monitor, [folder])
    folder.path.rename(tmp_path / "renamed")
    monitor.history.table.item(0, NOTE).setText("ours")
    assert "is not the folder of a run" in monitor.strip.text
    assert not folder.path.exists()


def test_an_interrupted_run_can_be_gone_on_with_from_the_history(qtbot, monitor, tmp_path):
    runs = [make_run(tmp_path, "two", outcome=""), make_run(tmp_path, "one")]
    show_runs(qtbot, monitor, runs)
    monitor.tabs.setCurrentWidget(monitor.history)
    monitor.history.table.selectRow(1)
    assert not monitor.history.resume.isEnabled()  # it is finished
    monitor.history.table.selectRow(0)
    with qtbot.waitSignal(monitor.resume_requested_of) as asked:
        monitor.history.resume.click()
    assert asked.args == [runs[0]]


def test_a_note_and_a_star_are_kept(qtbot, monitor, tmp_path):
    folder = make_run(tmp_path, "one")
    show_runs(qtbot, monitor, [folder])
    monitor.history.table.item(0, 8).setText("good ears")
    monitor.history.table.cellClicked.emit(0, 0)
    kept = json.loads((folder.path / "notes.json").read_text())
    assert kept == {"note": "good ears", "starred": True}
    assert monitor.history.table.item(0, 0).text() == "★"


def test_the_key_for_a_star_does_nothing_where_no_run_is_chosen(qtbot, monitor, tmp_path):
    folders = [make_run(tmp_path, "one"), make_run(tmp_path, "two")]
    show_runs(qtbot, monitor, folders)
    monitor.history.table.setCurrentItem(None)
    monitor.history._toggle_star_by_key()
    assert not any(folder.notes.exists() for folder in folders)


def test_the_key_for_a_star_does_nothing_where_there_is_no_run(qtbot, monitor):
    show_runs(qtbot, monitor, [])
    monitor.history._toggle_star_by_key()
    assert monitor.history.records == []


class Held:
    """Runs are read at once, and told of when `go_on` is set."""

    def __init__(self) -> None:
        self.has_read, self.go_on = threading.Event(), threading.Event()

    def load_record(self, folder):
        record = load_record(folder)
        self.has_read.set()
        self.go_on.wait(PATIENCE)
        return record


@pytest.fixture
def held(monkeypatch):
    made = Held()
    yield made
    made.go_on.set()


def begin_reading(monitor, monkeypatch, held, folders) -> None:
    monkeypatch.setattr("desktop.run_reader.load_record", held.load_record)
    for folder in folders:
        (folder.path / "result.json").write_text('{"outcome": "stopped"}')  # it is read again
    monitor.history.show_runs(folders)
    assert held.has_read.wait(PATIENCE)


def test_a_star_and_a_note_that_are_set_while_runs_are_read_stay(
    qtbot, monitor, tmp_path, monkeypatch, held
):
    folder = make_run(tmp_path, "one")
    show_runs(qtbot, monitor, [folder])
    begin_reading(monitor, monkeypatch, held, [folder])
    table = monitor.history.table
    table.cellClicked.emit(0, 0)
    table.item(0, 8).setText("good ears")
    held.go_on.set()
    qtbot.waitUntil(lambda: table.item(0, 4).text() == "stopped")
    assert (table.item(0, 0).text(), table.item(0, 8).text()) == ("★", "good ears")
    (record,) = monitor.history.records
    assert (record.starred, record.note) == (True, "good ears")
    assert json.loads(folder.notes.read_text()) == {"note": "good ears", "starred": True}


def test_a_new_run_on_top_leaves_the_same_run_selected(qtbot, monitor, tmp_path):
    one, two = make_run(tmp_path, "one"), make_run(tmp_path, "two", outcome="")
    show_runs(qtbot, monitor, [two, one])
    monitor.tabs.setCurrentWidget(monitor.history)
    monitor.history.table.selectRow(0)
    show_runs(qtbot, monitor, [make_run(tmp_path, "three"), two, one])
    assert [record.folder for record in monitor.history.selected] == [two]
    with qtbot.waitSignal(monitor.resume_requested_of) as asked:
        monitor.history.resume.click()
    assert asked.args == [two]
    show_runs(qtbot, monitor, [one])
    assert monitor.history.selected == []
    assert not monitor.history.resume.isEnabled()


def test_runs_in_another_order_are_shown_in_that_order(qtbot, monitor, tmp_path):
    one, two, three = (make_run(tmp_path, name) for name in ("one", "two", "three"))
    show_runs(qtbot, monitor, [one, two, three])
    monitor.history.show_runs([three, one])
    table = monitor.history.table
    qtbot.waitUntil(lambda: table.rowCount() == 2)
    assert [table.item(row, 1).text() for row in range(2)] == ["three", "one"]
    assert [record.folder for record in monitor.history.records] == [three, one]


def test_a_note_that_is_being_typed_is_not_taken_away(qtbot, monitor, tmp_path):
    one = make_run(tmp_path, "one")
    show_runs(qtbot, monitor, [one])
    monitor.tabs.setCurrentWidget(monitor.history)
    table = monitor.history.table
    table.editItem(table.item(0, 8))
    (editor,) = table.findChildren(QLineEdit)
    QTest.keyClicks(editor, "good")
    show_runs(qtbot, monitor, [make_run(tmp_path, "two"), one])
    QTest.keyClicks(editor, " ears")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(one.notes.exists)
    assert json.loads(one.notes.read_text()) == {"note": "good ears", "starred": False}
    assert [table.item(row, 8).text() for row in range(2)] == ["", "good ears"]


def test_a_note_that_cannot_be_kept_is_not_shown_as_kept(qtbot, monitor, tmp_path):
    folder = make_run(tmp_path, "one")
    show_runs(qtbot, monitor, [folder])
    shutil.rmtree(folder.path)
    failed = []
    monitor.history.failed.connect(lambda error: failed.append(error.code))
    monitor.history.table.item(0, 8).setText("good ears")
    assert failed == ["IM-RUN-01"]
    assert monitor.history.table.item(0, 8).text() == ""


def test_two_runs_are_compared_by_curve_settings_and_samples(qtbot, monitor, tmp_path):
    show_runs(
        qtbot, monitor, [make_run(tmp_path, "one", rank=4), make_run(tmp_path, "two", rank=32)]
    )
    monitor.tabs.setCurrentWidget(monitor.history)
    monitor.history.table.selectAll()
    assert monitor.history.compare.isEnabled()
    compare(qtbot, monitor)
    tables = monitor.history.view.findChildren(type(monitor.history.table))
    texts = {tables[0].item(row, column).text()
             for row in range(tables[0].rowCount()) for column in range(3)}  # fmt: skip
    assert {"Rank", "4", "32"} <= texts


def test_the_runs_that_are_compared_take_the_colours_of_another_theme(
    qtbot, monitor, theme, tmp_path
):
    show_runs(qtbot, monitor, [make_run(tmp_path, "one"), make_run(tmp_path, "two", rank=32)])
    monitor.tabs.setCurrentWidget(monitor.history)
    monitor.history.table.selectAll()
    compare(qtbot, monitor)
    theme.set_dark(False)
    (chart,) = monitor.history.view.widget().findChildren(pg.PlotWidget)
    assert chart.backgroundBrush().color().name() == theme.tokens.surface.lower()


def test_another_step_becomes_the_file(tiny_folder, image_folder, tmp_path):
    from engine.later_exports import export_step_again
    from tests.engine_runs import require_finished, tiny_run, train

    trained = require_finished(train(tiny_run(tiny_folder, image_folder, tmp_path)))
    before = trained.export.read_bytes()
    (last,) = [event for event in export_step_again(trained.folder.path, 2)
               if isinstance(event, RunFinished | RunFailed)]  # fmt: skip
    assert isinstance(last, RunFinished), last
    assert last.exports == (str(trained.export),)
    assert trained.export.read_bytes() != before
    record = json.loads(trained.folder.result.read_text())
    assert record["exported_step"] == 2
    assert record["outcome"] == "finished"
    failed = list(export_step_again(trained.folder.path, 3))[-1]
    assert isinstance(failed, RunFailed)


def crash(control):
    raise ValueError("y")
    yield


@pytest.fixture
def writes(monitor, monkeypatch):
    """A desk that serves the page; each export ends with the next of these, once the thread runs.

    The folders and steps that were asked for come with it.
    """
    engine = EngineThread()
    desk = RunDesk(engine, Jobs(engine, engine), engine)
    desk.serve(monitor)
    endings, asked = [], []

    def export_step(path, step):
        ending = endings[len(asked)]
        asked.append((path, step))
        return engine.submit_short(ending)

    monkeypatch.setattr(engine, "export_step", export_step)
    yield engine, endings, asked
    assert engine.stop_and_wait()


def ends_with(event):
    def job(control):
        yield event

    return job


def wrote(step: int):
    return ends_with(RunFinished(steps=step, stopped_early=False, exports=("x.safetensors",)))


def result_says(monitor) -> str:
    checked = [button.property("step") for button in monitor.result.buttons if button.isChecked()]
    return f"{monitor.result._line.text()} {checked}"


def test_the_file_holds_another_state_only_once_it_is_written(qtbot, monitor, tmp_path, writes):
    engine, endings, asked = writes
    endings += [wrote(100), wrote(200)]
    folder = make_run(tmp_path, "one")
    finish(monitor, folder)
    monitor.result.buttons[0].click()
    assert result_says(monitor) == "Writing the state of step 100… [100]"
    assert not monitor.result.install.isEnabled()
    monitor.result.buttons[1].click()
    monitor.result.show_written(make_run(tmp_path, "two"), 100)  # of another run
    assert result_says(monitor) == "Writing the state of step 200… [200]"
    engine.start()
    qtbot.waitUntil(monitor.result.install.isEnabled)
    assert result_says(monitor) == "The file holds the state of step 200. [200]"
    assert asked == [(folder.path, 100), (folder.path, 200)]


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (
            ends_with(RunFailed(error=NoCheckpoint(folder="one", which="step 100", steps="3"))),
            "has no step 100 checkpoint",
        ),
        (crash, "made a mistake while it wrote the file"),
    ],
    ids=["failed", "crashed"],
)
def test_a_state_that_cannot_be_written_leaves_the_former_choice_and_a_reason(
    qtbot, monitor, tmp_path, writes, ending, reason
):
    engine, endings, _ = writes
    endings += [wrote(200), ending]
    finish(monitor, make_run(tmp_path, "one"))
    engine.start()
    monitor.result.buttons[1].click()
    qtbot.waitUntil(monitor.result.install.isEnabled)
    monitor.result.buttons[0].click()
    qtbot.waitUntil(monitor.result.install.isEnabled)
    assert "still holds the state of step 200" in result_says(monitor)
    assert reason in result_says(monitor)
    assert "[200]" in result_says(monitor)
    assert reason in monitor.strip.text

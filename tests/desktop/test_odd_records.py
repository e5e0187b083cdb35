"""The window stands whatever the small files of a project and of the program hold."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QSettings

from desktop.last_session import interrupted_run
from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.widgets.run_history import OUTCOME
from desktop.windows import Windows
from engine.model_shelf import shelf_file
from engine.project import Project
from engine.project_notices import NoProject
from engine.run_queue import queue_folder
from engine.user_presets import SUFFIX, presets_folder

DEEP = "[" * 100_000
STEP = '{"event": "StepFinished", "step": 3, "loss": 0.25, "memory_bytes": 7}\n'
CONFIG = json.dumps({"name": "toy", "method": {"kind": "lora"}, "training": {"steps": 5}})


@pytest.fixture
def open_window(qtbot, monkeypatch):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)

    def open_(project: Project) -> MainWindow:
        window = MainWindow(project)
        qtbot.addWidget(window)
        window.show()
        for page in window.pages:
            window.show_page(page)
        return window

    return open_


@pytest.fixture
def project(tmp_path, image_folder) -> Project:
    """With one sound run, two days old."""
    made = Project(tmp_path / "my-toy")
    made.save_draft({"name": "my-toy", "dataset": {"folder": str(image_folder), "trigger": "sks"}})
    put(made, "0001_2026-01-01_0000_good_lora", {"config.json": CONFIG, "metrics.jsonl": STEP})
    return made


def put(project: Project, name: str, files: dict[str, str]) -> None:
    folder = project.runs / name
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file).write_bytes(content.encode("utf-8", "surrogatepass"))


def rows(window) -> dict[str, tuple[str, str]]:
    """Of the history: the run's folder -> what is said of it, and why."""
    table, records = window.monitor.history.table, window.monitor.history.records
    cells = {record.title: table.item(row, OUTCOME) for row, record in enumerate(records)}
    return {title: (cell.text(), cell.toolTip()) for title, cell in cells.items()}


@pytest.mark.parametrize(
    ("file", "content", "shown"),
    [
        ("config.json", DEEP, "cannot be shown"),
        ("config.json", "{", "cannot be shown"),
        ("config.json", '{"method": []}', "cannot be shown"),
        ("config.json", '{"name": 5}', "cannot be shown"),
        ("config.json", '{"training": {"steps": "x"}}', "cannot be shown"),
        ("config.json", '{"name": "\\ud800", "method": {"kind": "\\ud800"}}', "interrupted"),
        ("metrics.jsonl", '{"event":"StepFinished","step":1}\n', "interrupted"),
        ("metrics.jsonl", '{"event":"StepFinished","step":"x","loss":1}\n', "interrupted"),
        ("metrics.jsonl", '{"event":"CheckpointScored","step":[],"likeness":{}}\n', "interrupted"),
        ("metrics.jsonl", '{"event":"RunFinished","steps":1,"exports":5}\n', "finished"),
        ("metrics.jsonl", '{"event":"SampleReady","step":1,"path":5}\n', "interrupted"),
        ("metrics.jsonl", DEEP, "interrupted"),
        ("result.json", '{"outcome": 5}', "interrupted"),
        ("result.json", '{"outcome": "finished", "seconds": "long"}', "interrupted"),
        ("result.json", '{"outcome": "finished", "seconds": 1e999}', "interrupted"),
        ("result.json", '{"outcome": "finished", "exports": [5]}', "interrupted"),
        ("result.json", DEEP, "interrupted"),
        ("notes.json", '{"note": 5}', "interrupted"),
        ("notes.json", DEEP, "interrupted"),
        ("start.json", DEEP, "interrupted"),
    ],
)
def test_an_odd_run_is_listed_and_the_rest_is_shown(
    qtbot, open_window, project, file, content, shown
):
    odd = "0002_2026-01-02_0000_odd_lora"
    put(project, odd, {"config.json": CONFIG, file: content})
    (project.runs / odd / "checkpoints" / "step_²").mkdir(parents=True)
    window = open_window(project)
    qtbot.waitUntil(lambda: len(rows(window)) == 2)
    found = rows(window)
    assert found[odd][0] == shown
    assert found["0001_2026-01-01_0000_good_lora"][0] == "interrupted"
    assert ("config.json" in found[odd][1]) == (shown == "cannot be shown")
    window.monitor.history.table.selectAll()
    assert window.monitor.history.resume.isEnabled() is False
    window.monitor.history.compare.click()
    qtbot.waitUntil(lambda: not window.monitor.history.view.isHidden())


@pytest.mark.parametrize(
    "draft",
    [5, [], DEEP, {"dataset": 5}, {"dataset": {"folder": 5, "trigger": [], "class_word": {}}},
     {"method": []}, {"method": {"kind": []}}, {"method": {"kind": "none of ours"}},
     {"training": {"resolution": "x", "steps": []}}, {"sampling": {"prompts": 5}},
     {"base_model": 5, "runs_folder": 5, "name": 5}, {"dataset": {"edits": [1], "template": 5}}],
    ids=lambda draft: str(draft)[:60],
)  # fmt: skip
def test_a_project_of_wrong_types_opens(open_window, project, draft):
    text = draft if draft is DEEP else json.dumps({"schema_version": 1, "draft": draft})
    project.file.write_text(text)
    window = open_window(project)
    assert window.draft.project.folder == project.folder
    assert (project.folder / "my-toy.damaged.imprint").exists() == (
        draft != {"method": {"kind": "none of ours"}}
    )


ODD_FILES = [DEEP, "{", "[]", "5", '{"method": []}', '{"method": {"kind": []}}', '{"name": 5}',
             '{"paths": 5}', '[["a"]]', '{"imprint_preset": 1, "name": []}',
             '{"runs_folder": 5, "dataset": 5}', "\x00"]  # fmt: skip


@pytest.mark.parametrize("content", ODD_FILES, ids=lambda content: content[:40])
def test_odd_files_of_the_program_keep_nothing_from_being_shown(
    qtbot, open_window, project, content
):
    shelf_file().parent.mkdir(parents=True)
    shelf_file().write_text(content)
    presets_folder().mkdir(parents=True)
    (presets_folder() / f"odd{SUFFIX}").write_text(content)
    for folder in (queue_folder(), queue_folder() / "aside"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{1024:018d}.json").write_text(content)
        (folder / "².json").write_text(content)
    project.generated.mkdir()
    (project.generated / "stars.json").write_text(content)
    window = open_window(project)
    assert len(window.monitor.queue.rows) == 1
    row = window.monitor.queue.rows[0]
    row.edit.click()
    window.queue.start_next()
    assert not window.runs.is_busy
    window.method.presets._fill()
    row.remove.click()
    assert window.monitor.queue.rows == []


def test_a_run_that_waits_and_cannot_be_shown_says_why_and_cannot_be_changed(open_window, project):
    queue_folder().mkdir(parents=True)
    (queue_folder() / f"{1024:018d}.json").write_text('{"method": []}')
    (row,) = open_window(project).monitor.queue.rows
    assert not row.edit.isVisibleTo(row)
    assert row.remove.isVisibleTo(row)
    assert f"{1024:018d}" in row.waiting.title
    assert "does not hold what was written" in row.waiting.problem


ODD_VALUES = ["x" * 5000, ["a", "b"], "nan", "inf", "1e400", "-1", "\0", "a\0b", "\ud800", {}]


@pytest.mark.parametrize(
    "name",
    ["text_percent", "geometry", "keep_awake", "advanced", "language", "recent_projects",
     "last_project", "running", "look", "starting/count", "starting/file", "mirror",
     "last_version", "caption_model", "card_declined", "places/model"],
)  # fmt: skip
def test_odd_preferences_are_none(name):
    """All properties, with one of them odd: a file of settings is edited by hand, or torn."""
    for value in ODD_VALUES:
        settings = QSettings("Imprint", "Imprint")
        settings.clear()
        settings.setValue(name, value)
        settings.sync()
        chosen = Preferences()
        for known, kind in vars(Preferences).items():
            if isinstance(kind, property):
                getattr(chosen, known)
        assert 90 <= chosen.text_percent <= 150
        assert isinstance(chosen.failed_starts("x"), int)
        assert "\0" not in chosen.last_project + chosen.last_place("model")


@pytest.mark.parametrize("name", ["text_percent", "geometry", "last_project", "running", "look"])
@pytest.mark.parametrize("value", ["nan", "a\0b", ["a", "b"]])
def test_odd_preferences_keep_no_window_from_standing(qapp, monkeypatch, name, value):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    settings = QSettings("Imprint", "Imprint")
    settings.setValue(name, value)
    settings.sync()
    windows = Windows(qapp)
    assert interrupted_run(Preferences()) is None
    assert windows.window.isVisible()
    assert windows.window.close()


def test_a_path_with_a_nul_is_no_project(tmp_path):
    assert not Project.at(tmp_path / "a\0b.imprint").file.parent.is_file()
    with pytest.raises(NoProject):
        Project.at(tmp_path / "a\0b.imprint").require_project()

"""Pictures that were dropped arrive, though the window was closed or killed in the middle."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import filelock
import pytest
from PIL import Image

from desktop.panels.dataset_panel import DatasetPanel
from desktop.picture_taker import PictureTaker, Taking
from engine import incoming
from engine.errors import DiskFull, OutputNotWritable
from engine.project import Project


@pytest.fixture
def dropped(tmp_path, draft) -> list[Path]:
    """Into a project that has no pictures yet."""
    draft.set("dataset.folder", "")
    draft.flush()
    folder = tmp_path / "camera"
    folder.mkdir()
    for number in range(6):
        path = folder / f"p{number}.png"
        Image.new("RGB", (600, 600), (number * 40, 0, 0)).save(path)
        path.with_suffix(".txt").write_text(f"caption {number}")
    return sorted(folder.glob("*.png"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def copied(draft) -> list[str]:
    folder = draft.project.images
    return names(folder) if folder.is_dir() else []


def test_what_a_kill_left_uncopied_is_copied_at_the_next_start(qtbot, draft, theme, dropped):
    left = incoming.begin(draft.project, dropped, "")
    from engine.picture_intake import copy_pictures

    copy_pictures(dropped[:2], draft.project.images)  # then the kill came
    panel = DatasetPanel(draft, theme)
    qtbot.addWidget(panel)
    panel.go_on_copying()
    assert "6" in panel.strip.text
    qtbot.waitUntil(lambda: not left.file.exists() and not panel._taking.is_busy)
    everything = sorted(f"p{n}{end}" for n in range(6) for end in (".png", ".txt"))
    assert copied(draft) == everything
    qtbot.waitUntil(lambda: draft.get("dataset.folder") == str(draft.project.images))
    panel.close_threads()
    draft.flush()


def test_a_window_that_closes_in_the_middle_leaves_word_of_the_rest(
    qtbot, draft, theme, dropped, monkeypatch
):
    panel = DatasetPanel(draft, theme)
    qtbot.addWidget(panel)
    real = incoming.copying

    def closing(project, **wish):
        panel._taking._leaving.set()
        return real(project, **wish)

    monkeypatch.setattr("desktop.picture_taker.incoming.copying", closing)
    panel._begin_taking(dropped)
    panel.close_threads()
    draft.flush()
    assert copied(draft) == []
    assert [one.paths for one in incoming.left_in(draft.project)] == [dropped]


def test_what_is_copied_leaves_no_word_and_nothing_goes_on(qtbot, draft, theme, dropped):
    panel = DatasetPanel(draft, theme)
    qtbot.addWidget(panel)
    panel._begin_taking(dropped)
    qtbot.waitUntil(lambda: not panel._taking.is_busy)
    assert len(copied(draft)) == 12
    assert incoming.left_in(draft.project) == []
    panel.go_on_copying()
    assert not panel._taking.is_busy
    panel.close_threads()
    draft.flush()


def test_a_window_that_copies_is_not_joined_by_a_second_one(tmp_path, dropped):
    project = Project(tmp_path / "toy")
    incoming.begin(project, dropped, None)
    with incoming.copying(project):
        assert incoming.left_in(project) == []
    assert len(incoming.left_in(project)) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"paths": 5}', '{"paths": [], "current": 7}'])
def test_word_that_cannot_be_read_stops_nothing(tmp_path, text):
    project = Project(tmp_path / "toy")
    (project.folder / "incoming").mkdir(parents=True)
    (project.folder / "incoming/000001.json").write_text(text)
    assert [one.paths for one in incoming.left_in(project)] == []
    assert incoming.begin(project, [Path("/a.png")], None).file.name == "000002.json"


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EIO, OutputNotWritable), (errno.ENOSPC, DiskFull)]
)
def test_a_lock_that_the_disk_refuses_is_told_and_stops_no_start(
    qtbot, draft, dropped, monkeypatch, number, kind
):
    (draft.project.folder / "incoming").mkdir(parents=True)

    def refuse(*_: object, **__: object) -> object:
        raise OSError(number, os.strerror(number), "/x/.lock")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    assert incoming.left_in(draft.project) == []
    taker, told = PictureTaker(), []
    taker.failed.connect(told.append)
    taker.start(Taking(dropped, None, draft.project, None))
    qtbot.waitUntil(lambda: bool(told))
    taker.close()
    assert isinstance(told[0], kind)

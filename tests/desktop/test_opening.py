"""What a double click opens, and what a second start does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices

from desktop import outside
from desktop.main_window import MainWindow
from desktop.single_instance import hand_over
from desktop.windows import Windows
from tests.desktop.first_training import wait_until
from tests.timing import PATIENCE, wait_for

ROOT = Path(__file__).parents[2]


@pytest.fixture
def opened(qapp, monkeypatch):
    """Call it with paths; the window is closed at the end."""
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    made = []

    def open_(*paths: Path) -> Windows:
        made.append(Windows(qapp, [str(path) for path in paths]))
        return made[-1]

    yield open_
    for windows in made:
        windows.window.leaving.may_stop = lambda: True
        assert windows.window.close()


def test_a_model_that_is_opened_comes_to_the_models(opened, tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"no model")
    window = opened(tmp_path / "broken.safetensors").window
    assert window.page == "models"
    wait_until(lambda: window.models.strip.text, "what is said of it")
    assert "broken.safetensors" in window.models.strip.text


def test_a_project_that_is_opened_is_the_one_that_is_shown(opened, draft):
    draft.save()
    assert opened(draft.project.file).window.draft.project.folder == draft.project.folder


def test_a_later_start_brings_its_project_into_the_window_that_stands(opened, draft):
    draft.save()
    windows = opened()
    assert windows.window.draft.project.folder != draft.project.folder
    windows.window.showMinimized()
    windows.open_paths([str(draft.project.file)])
    assert windows.window.draft.project.folder == draft.project.folder
    assert not windows.window.isMinimized()


def test_a_new_start_is_asked_for_by_closing_the_window(opened):
    windows = opened()
    windows.window.cards.restart_wanted.emit()
    assert windows.starts_anew
    assert not windows.window.isVisible()


def test_a_new_start_does_not_come_while_a_training_goes_on_that_is_kept(opened, monkeypatch):
    windows = opened()
    monkeypatch.setattr(type(windows.window.runs), "is_busy", True)
    windows.window.leaving.may_stop = lambda: False
    windows.window.cards.restart_wanted.emit()
    assert not windows.starts_anew
    assert windows.window.isVisible()


@pytest.mark.parametrize("before", ["/opt/mine", None])
def test_other_programs_do_not_get_the_libraries_that_came_with_ours(qapp, monkeypatch, before):
    """As PyInstaller's start leaves the environment."""
    seen = []
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/imprint/_internal")
    if before:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    monkeypatch.setattr(
        QDesktopServices,
        "openUrl",
        lambda url: seen.append((url.toString(), os.environ.get("LD_LIBRARY_PATH"))),
    )
    outside.open_folder("/a folder")
    outside.open_page("https://example.org/x")
    assert seen == [("file:///a folder", before), ("https://example.org/x", before)]
    assert os.environ["LD_LIBRARY_PATH"] == "/opt/imprint/_internal"


def test_a_second_program_hands_over_and_ends_and_the_first_stays(qapp, tmp_path, monkeypatch):
    command = [sys.executable, str(ROOT / "main.py")]
    model = tmp_path / "x.safetensors"
    model.write_bytes(b"no model")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": dict(os.environ)}
    first = subprocess.Popen(command, **quiet)
    try:
        wait_for(lambda: hand_over([]) or first.poll() is not None, "its socket to be open")
        second = subprocess.run([*command, str(model)], timeout=PATIENCE, **quiet)
        assert second.returncode == 0
        assert first.poll() is None
    finally:
        first.kill()
        first.wait()
    assert not hand_over([])  # nobody is left who would take it

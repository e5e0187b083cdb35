"""Pictures in labels and buttons come out of threads, with the limits of the image loader."""

from __future__ import annotations

import threading

import pytest
from PIL import Image
from PySide6.QtWidgets import QLabel, QToolButton, QWidget

from desktop import image_loader
from desktop.widgets.compare_view import CompareView
from desktop.widgets.first_result import FirstResult
from desktop.widgets.read_pictures import ReadPictures
from desktop.widgets.run_history import RunComparison
from desktop.widgets.sample_strip import SampleStrip
from engine.run_records import Curve, load_record
from tests.desktop.test_run_widgets import make_run
from tests.engine.test_pictures import bomb


@pytest.fixture
def readers(monkeypatch):
    """The threads that decoded a picture."""
    names: list[str] = []

    def reading(wish, read=image_loader.read_image):
        names.append(threading.current_thread().name)
        return read(wish)

    monkeypatch.setattr(image_loader, "read_image", reading)
    return names


@pytest.fixture
def picture(tmp_path):
    Image.new("RGB", (64, 32), "teal").save(tmp_path / "a.png")
    return str(tmp_path / "a.png")


def add(qtbot, widget: QWidget) -> QWidget:
    qtbot.addWidget(widget)
    widget.show()
    return widget


def test_a_sample_of_a_training_is_read_in_a_thread(qtbot, readers, picture):
    strip = add(qtbot, SampleStrip())
    with qtbot.waitSignal(strip.pictures.shown):
        strip.add(10, "a fox", picture)
    shown = strip._cells[0].pixmap()
    assert (shown.width(), shown.height()) == (112, 56)  # enlarged
    assert readers
    assert all(name.startswith("imprint-images") for name in readers)


def test_a_bomb_among_the_samples_is_left_unshown(qtbot, readers, tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(60_000))
    strip = add(qtbot, SampleStrip())
    with qtbot.waitSignal(strip.pictures.shown):
        strip.add(10, "a fox", str(path))
    assert strip._cells[0].pixmap().isNull()
    assert readers


def test_a_strip_that_was_cleared_while_it_read_puts_nothing_into_cells_that_are_gone(
    qtbot, picture
):
    strip = add(qtbot, SampleStrip())
    strip.add(10, "a fox", picture)
    strip.clear()
    with qtbot.waitSignal(strip.pictures.shown):
        strip.add(20, "a fox", picture)
    qtbot.waitUntil(lambda: not strip._cells[0].pixmap().isNull())
    assert strip.steps == [20]


def test_the_moments_of_a_result_are_read_in_a_thread(qtbot, theme, readers, tmp_path):
    result = add(qtbot, FirstResult(theme))
    result.show_run(make_run(tmp_path, "one"), 200)
    qtbot.waitUntil(lambda: all(not button.icon().isNull() for button in result.buttons))
    assert all(name.startswith("imprint-images") for name in readers)


def test_the_samples_of_compared_runs_are_read_in_a_thread(qtbot, theme, readers, tmp_path):
    view = add(qtbot, RunComparison(theme))
    runs = [load_record(make_run(tmp_path, name)) for name in ("one", "two")]
    view.show_runs(runs, [Curve([], []), Curve([], [])])
    named = [one for one in view.findChildren(QLabel) if "sample of step" in one.toolTip()]
    assert len(named) == 6
    qtbot.waitUntil(lambda: all(not one.pixmap().isNull() for one in named))
    assert all(name.startswith("imprint-images") for name in readers)


def test_two_pictures_that_are_compared_are_read_in_a_thread_and_come_together(
    qtbot, theme, readers, picture, tmp_path
):
    Image.new("RGB", (32, 32), "navy").save(tmp_path / "b.png")
    view = add(qtbot, CompareView(theme))
    view.show_pictures(str(tmp_path / "b.png"), picture)
    assert not view.has_both
    qtbot.waitUntil(lambda: view.has_both)
    assert len(readers) == 2
    assert all(name.startswith("imprint-images") for name in readers)
    view.show_pictures("")
    assert not view.has_both


def test_a_picture_goes_into_a_button_as_well(qtbot, picture):
    button = QToolButton()
    qtbot.addWidget(button)
    pictures = ReadPictures(40, button)
    with qtbot.waitSignal(pictures.shown):
        pictures.show(picture, button)
    assert not button.icon().isNull()

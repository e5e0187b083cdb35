"""A model's captions in the window: seen, changed, taken as one step that can be undone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon

from desktop.caption_desk import CaptionDesk
from desktop.dialogs.caption_dialog import CAPTION
from desktop.wizard.wizard_state import Answers, Captions
from engine.remedies import Action
from tests.caption_models import build_caption_model
from tests.desktop.first_training import wait_until


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return build_caption_model(tmp_path_factory.mktemp("models") / "tiny-blip")


@pytest.fixture
def desk(window) -> CaptionDesk:
    """Of a window whose project has the six sample pictures, none with a caption."""
    wait_until(lambda: window.images.num_pictures == 6, "the pictures")
    pictures = window.images.pictures
    pictures.write_captions({row.key: "" for row in pictures.rows}, "none")
    return window.captions


def test_a_model_describes_the_pictures_and_one_step_of_undo_takes_it_back(window, desk, model):
    pictures = window.images.pictures
    window.images._write.click()
    dialog = desk.dialog
    assert not dialog.write.isEnabled()
    dialog.use_model(model)
    wait_until(dialog.write.isEnabled, "a look at the model")
    dialog.write.click()
    wait_until(dialog.take.isEnabled, "the captions")
    assert dialog.table.rowCount() == 6
    assert colour_of(dialog.write.icon()) == window.theme.tokens.text2.lower()  # no more primary
    dialog.table.item(0, CAPTION).setText("a cat of my own words")
    first = dialog.table.item(0, 0).data(Qt.ItemDataRole.UserRole)
    assert all(not row.caption for row in pictures.rows)  # nothing is taken before it is wanted
    dialog.take.click()
    assert pictures.rows[pictures.row_of(first)].caption == "sks cat, a cat of my own words"
    assert all(row.caption.startswith("sks cat") for row in pictures.rows)
    pictures.stack.undo()
    assert all(not row.caption for row in pictures.rows)
    assert window.preferences.caption_model == str(model)


def colour_of(icon: QIcon) -> str:
    """That of most of its points."""
    image = icon.pixmap(32, 32).toImage()
    points = [image.pixelColor(x, y) for x in range(32) for y in range(32)]
    drawn = Counter(point.name() for point in points if point.alpha() == 255)
    return drawn.most_common(1)[0][0]


def test_a_folder_without_a_model_is_told_and_the_dialog_stays(window, desk, tmp_path):
    window.images._write.click()
    desk.dialog.use_model(tmp_path)
    wait_until(lambda: desk.dialog.strip.text, "a look at the folder")
    assert "config.json" in desk.dialog.strip.text
    assert not desk.dialog.write.isEnabled()
    asked = []
    window.remedies.help_wanted.connect(asked.append)
    desk.dialog.strip.buttons[Action.HELP].click()
    assert asked == ["IM-CAP-06"]  # the dialog came after the window's strips were served
    desk.dialog.reject()
    assert desk.dialog is None


def test_a_dialog_that_is_closed_stops_the_model(window, desk, model):
    window.images._write.click()
    dialog = desk.dialog
    dialog.use_model(model)
    dialog.begin()  # as soon as the model was looked at
    wait_until(lambda: desk._job is not None, "the job")
    job = desk._job
    dialog.reject()
    wait_until(lambda: job.is_done, "the end of the job")
    assert job.control.stop_requested


def test_a_dialog_that_goes_while_it_looks_at_a_model_leaves_nothing_behind(window, desk, model):
    window.images._write.click()
    desk.dialog.use_model(model)
    desk.dialog.begin()
    desk.dialog.reject()
    assert desk.dialog is None
    assert desk._job is None


def test_the_guide_has_captions_written_before_the_training(window, model, monkeypatch):
    window.preferences.caption_model = str(model)
    window.guide.open(window, can_measure=False)
    wizard = window.guide.wizard
    assert wizard.captions.model.isEnabled()
    monkeypatch.setattr(wizard, "_confirm", lambda: True)
    started = []
    window.guide.start_wanted.connect(lambda: started.append(True))
    wizard.answers = Answers(name="mine", captions=Captions.MODEL)
    window.guide._start(wizard.answers)
    wait_until(lambda: window.captions.dialog is not None, "the dialog")
    wait_until(window.captions.dialog.take.isEnabled, "the captions")
    assert window.page == "images"
    assert not started


def test_the_guide_offers_no_model_where_none_was_chosen(window):
    window.guide.open(window, can_measure=False)
    assert not window.guide.wizard.captions.model.isEnabled()

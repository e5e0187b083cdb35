"""Check this computer: a line for each part, in a dialog that can be copied and closed."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication

from engine import doctor
from engine.doctor import PictureEmpty
from engine.wording import Phrase
from tests.desktop.first_training import wait_until


@pytest.fixture
def quick(monkeypatch):
    """Without torch: what takes seconds is in tests/engine/test_doctor.py."""
    for name in ("_card", "_draw", "_train", "_read_back"):
        monkeypatch.setattr(doctor, name, lambda *_: Phrase("as it should be"))


def test_each_part_becomes_a_line_and_all_is_well(window, quick):
    window.home.check.click()
    dialog = window.doctor.dialog
    wait_until(lambda: dialog.num_lines == doctor.EXAMINATIONS, "the lines")
    wait_until(lambda: dialog.state.text() == "All is well.", "the end")
    dialog.copy.click()
    assert QGuiApplication.clipboard().text().count("ok  ") == doctor.EXAMINATIONS
    dialog.reject()
    assert window.doctor.dialog is None


def test_what_is_amiss_is_said_in_its_line(window, quick, monkeypatch):
    monkeypatch.setattr(doctor, "_draw", lambda *_: PictureEmpty())
    window.home.check.click()
    dialog = window.doctor.dialog
    wait_until(lambda: "your hand" in dialog.state.text(), "the end")
    dialog.copy.click()
    assert "BAD  A picture: The starter model drew" in QGuiApplication.clipboard().text()


def test_a_dialog_that_is_closed_ends_the_check(window, quick):
    window.home.check.click()
    job = window.doctor._job
    window.doctor.dialog.reject()
    wait_until(lambda: job.is_done, "the end of the job")
    assert job.control.stop_requested

"""What `doctor` says of this computer: by doing, in small, what Imprint is for."""

from __future__ import annotations

import json
from pathlib import Path, PureWindowsPath

import pytest

from engine import cli, doctor
from engine.control import Control
from engine.errors import UserError
from engine.events import Examined, RunFailed, RunFinished
from engine.wording import Phrase
from tests.pretended_card import Card

PARTS = [
    "Imprint", "Libraries", "Memory", "Graphics card", "Disk", "Starter model", "A picture",
    "A training", "The trained file",
]  # fmt: skip


def examined(control: Control | None = None) -> tuple[dict[str, object], object]:
    """What was found of each part, and the event at the end."""
    events = list(doctor.examine(control or Control()))
    return {e.what: e.found for e in events if isinstance(e, Examined)}, events[-1]


def test_the_starter_model_draws_and_learns_and_its_file_reads_back(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found, last = examined()
    assert isinstance(last, RunFinished), found
    assert list(found) == PARTS
    assert all(isinstance(of_part, Phrase) for of_part in found.values()), found
    assert "5 steps" in found["A training"]
    assert "diffusers" in found["The trained file"]
    assert list(tmp_path.glob("imprint-*")) == []  # nothing of it stays


def test_a_part_that_is_amiss_is_told_and_the_others_are_looked_at(monkeypatch, tmp_path):
    monkeypatch.setattr("engine.models.catalog.STARTER_FOLDER", tmp_path / "not there")
    found, last = examined()
    assert list(found) == PARTS
    assert isinstance(found["Memory"], Phrase)
    wrong = [part for part, of_part in found.items() if isinstance(of_part, UserError)]
    assert wrong == ["Starter model", "A picture", "A training", "The trained file"]
    assert isinstance(last, RunFailed)
    assert last.error is found["Starter model"]


def test_a_fault_of_ours_is_a_line_too(monkeypatch):
    def broken():
        raise ZeroDivisionError("nothing over nothing")

    monkeypatch.setattr(doctor, "_memory", broken)
    monkeypatch.setattr(doctor, "_draw", lambda place, control: Phrase("drawn"))
    monkeypatch.setattr(doctor, "_train", lambda place, control: Phrase("trained"))
    monkeypatch.setattr(doctor, "_read_back", lambda place, control: Phrase("read"))
    found, last = examined()
    assert isinstance(found["Memory"], doctor.PartBroken)
    assert "nothing over nothing" in str(found["Memory"])
    assert isinstance(last, RunFailed)


def test_a_picture_that_shows_nothing_is_no_picture(monkeypatch):
    monkeypatch.setattr(doctor, "_spread", lambda path: 0.0)
    assert isinstance(examined()[0]["A picture"], doctor.PictureEmpty)


def test_a_card_that_cannot_be_used_is_told_and_is_no_fault(monkeypatch):
    Card().install(monkeypatch)
    found = doctor._card()
    assert isinstance(found, doctor.CardUnused)
    assert "RTX 3060 (580.65.06)" in str(found)


def test_a_stop_ends_it_between_two_parts():
    control = Control()
    control.stop()
    found, last = examined(control)
    assert not found
    assert last.stopped_early


def test_a_stop_within_a_part_is_no_fault_of_it(monkeypatch):
    control = Control()

    def draw(*_):
        control.stop()
        raise StopIteration

    monkeypatch.setattr(doctor, "_draw", draw)
    found, last = examined(control)
    assert len(found) == 6
    assert last.stopped_early


@pytest.mark.parametrize("form", ["--json", None])
def test_the_command_says_a_line_for_each_part_and_its_exit_code_counts(
    capsys, monkeypatch, tmp_path, form
):
    for name in ("_draw", "_train", "_read_back"):
        monkeypatch.setattr(doctor, name, lambda place, control: Phrase("done"))
    verb = ["doctor"] if form is None else ["doctor", form]
    assert cli.main(verb) == 0
    lines = capsys.readouterr().out.splitlines()
    if form:
        told = [json.loads(line) for line in lines]
        assert [line["what"] for line in told if line["event"] == "Examined"] == PARTS
    else:
        assert [line.split(":")[0] for line in lines[: len(PARTS)]] == [f"ok   {p}" for p in PARTS]
    monkeypatch.setattr("engine.models.catalog.STARTER_FOLDER", tmp_path / "not there")
    assert cli.main(verb) == 1
    assert "BAD" in capsys.readouterr().out or form


def test_what_is_copied_names_no_person(monkeypatch):
    home = str(Path.home() / "models")
    lines = [f"BAD  Disk: {home} cannot be written."]
    assert str(Path.home()) not in doctor.report(lines)
    assert "~/models" in doctor.report(lines)


@pytest.mark.parametrize(
    "line", [r"FileNotFoundError: 'C:\\Users\\Anna\\x'", r"c:\users\anna\x", "C:/Users/Anna/x"]
)
def test_what_is_copied_names_no_person_on_windows_either(monkeypatch, line):
    home = PureWindowsPath("C:\\Users\\Anna")
    monkeypatch.setattr(doctor.Path, "home", lambda: home)
    told = doctor.report([line])
    assert "anna" not in told.lower()
    assert "~" in told

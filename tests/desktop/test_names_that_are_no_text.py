"""Names on the disk that are not UTF-8: old archives and disks have them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from engine.project import default_home
from tests.conftest import ROOT

IMAGES = ROOT / "resources/sample_project/images"
LATIN_1 = os.fsdecode(b"caf\xe9")


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    for number, source in enumerate(sorted(IMAGES.glob("*.png"))[:3]):
        shutil.copyfile(source, folder / f"{number}.png")
    try:
        (folder / "0.png").rename(folder / f"{LATIN_1}.png")
    except OSError:
        pytest.skip("this file system has only names that are text")
    return folder


def test_a_picture_whose_name_is_no_text_is_shown_with_the_others(qtbot, window, pictures):
    window.open_pictures(pictures)
    images = window.images
    qtbot.waitUntil(lambda: len([r for r in images.pictures.rows if r.reading is not None]) == 3)
    assert images.num_pictures == 3
    window.show_page("images")
    qtbot.waitUntil(lambda: not images.inspector.view.is_empty)
    images.reload()  # now from the index
    qtbot.waitUntil(lambda: images.num_pictures == 3)


def test_a_folder_whose_name_is_no_text_holds_up_nothing(qtbot, window, pictures):
    folder = pictures.rename(pictures.with_name(LATIN_1))
    window.open_pictures(folder)
    qtbot.waitUntil(lambda: window.images.num_pictures == 3)
    window.draft.set("dataset.trigger", "zwx")
    window.draft.flush()
    assert window.draft.project.folder.name == "caf"
    _, problems = window.draft.check()
    assert any("UTF-8" in str(problem) for problem in problems)
    window.projects.open_sample()
    assert window.projects.is_sample


@pytest.mark.parametrize("name", ["x" * 250, "猫" * 80])
def test_a_folder_with_a_long_name_gets_a_project_with_a_shorter_one(qtbot, window, tmp_path, name):
    folder = tmp_path / name
    shutil.copytree(IMAGES, folder)
    window.open_pictures(folder)
    qtbot.waitUntil(lambda: window.images.num_pictures == 6)
    window.draft.save()
    project = window.draft.project
    assert project.file.is_file()
    assert project.folder.parent == default_home()
    assert name.startswith(project.folder.name)

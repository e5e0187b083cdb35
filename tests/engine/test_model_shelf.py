"""Base models that are known here: used in place, missed by name, found again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.config import STARTER
from engine.formats.front_ends import A1111, COMFY
from engine.model_shelf import Shelf, look_at, scan
from tests.engine.test_install import lora, make_front_end, save

__all__ = ["lora"]  # fixtures


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    return Shelf(tmp_path / "config/models.json")


def test_the_starter_model_is_always_there_and_first(shelf):
    (entry,) = shelf.entries()
    assert entry.path == STARTER
    assert entry.title == "Imprint starter model"
    assert entry.problem == ""
    assert entry.num_bytes > 10**6


def test_a_model_is_added_where_it_lies_and_removed_without_being_deleted(shelf, tiny_folder):
    (told,) = shelf.add([str(tiny_folder)])
    assert told.problem == ""
    assert [entry.path for entry in shelf.entries()] == [STARTER, str(tiny_folder)]
    shelf.add([str(tiny_folder)])
    assert len(shelf.entries()) == 2
    shelf.remove(str(tiny_folder))
    assert len(shelf.entries()) == 1
    assert tiny_folder.is_dir()


def test_what_is_no_model_is_told_and_not_taken_in(shelf, lora, tmp_path):
    (told,) = shelf.add([str(lora)])
    assert told.problem
    (tmp_path / "page.safetensors").write_text("<html>")
    (page,) = shelf.add([str(tmp_path / "page.safetensors")])
    assert page.problem
    assert len(shelf.entries()) == 1


def test_a_file_that_is_gone_stays_in_the_list_and_can_be_found_again(shelf, tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "model")
    shelf.add([str(tmp_path / "model")])
    (tmp_path / "model").rename(tmp_path / "moved")
    gone = shelf.entries()[1]
    assert gone.is_missing
    assert gone.problem
    assert not shelf.move(gone.path, str(tmp_path / "moved")).problem
    assert [entry.is_missing for entry in shelf.entries()] == [False, False]


@pytest.mark.parametrize(("name", "place"), [(A1111, "Stable-diffusion"), (COMFY, "checkpoints")])
def test_the_checkpoints_of_a_front_end_are_found_in_place(
    tmp_path, tiny_folder, lora, name, place
):
    program = make_front_end(tmp_path / "program", name)
    target = program / "models" / place
    shutil.copytree(tiny_folder, target / "sub/my-model")
    shutil.copy(lora, target / "a-lora.safetensors")
    save(program / "elsewhere.safetensors", {"x": (1,)})
    found = {entry.title: bool(entry.problem) for entry in scan(program)}
    assert found == {"my-model": False, "a-lora": True}


def test_a_folder_that_is_a_model_is_found_alone(tmp_path, tiny_folder):
    shutil.copytree(tiny_folder, tmp_path / "my-model")
    assert [entry.title for entry in scan(tmp_path / "my-model")] == ["my-model"]


def test_a_scan_that_is_over_looks_into_no_further_folder(tmp_path, tiny_folder):
    for name in "abc":
        shutil.copytree(tiny_folder, tmp_path / name / "model")
    asked = []

    def is_over() -> bool:
        asked.append(len(asked))
        return len(asked) > 3  # the folder itself, a, a/model, b

    assert [Path(entry.path).parent.name for entry in scan(tmp_path, is_over)] == ["a"]
    assert len(asked) == 4


def test_a_damaged_list_is_as_good_as_none(shelf, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/models.json").write_text("{")
    assert len(shelf.entries()) == 1
    assert look_at(str(tmp_path / "nothing")).is_missing

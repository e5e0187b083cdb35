"""What is done to a picture before it is trained on, with the file left as it is."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from engine.config_file import check
from engine.data.edits import (
    NO_EDIT,
    PictureEdit,
    apply,
    cropped,
    edited,
    mirrored,
    size_after,
    turned,
)
from engine.data.scan import Scan, scan_folder
from engine.dataset_notices import EditsWithoutPictures, PictureSkipped
from engine.events import Noticed, StepFinished
from tests.conftest import draw_pictures
from tests.engine_runs import require_finished, tiny_run, train


@pytest.fixture
def picture() -> Image.Image:
    """Every pixel different, wider than high."""
    values = np.arange(12 * 8, dtype=np.uint8).reshape(8, 12)
    return Image.fromarray(np.stack([values] * 3, axis=-1))


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image)[..., 0]


def test_no_edit_gives_the_picture_back(picture):
    assert apply(picture, NO_EDIT) is picture
    assert NO_EDIT.key == ""


def test_turning_is_clockwise(picture):
    once = apply(picture, turned(NO_EDIT, 1))
    assert np.array_equal(pixels(once), np.rot90(pixels(picture), -1))


EDITS = [
    NO_EDIT,
    turned(NO_EDIT, 1),
    mirrored(NO_EDIT),
    turned(mirrored(NO_EDIT), 1),
    cropped(turned(NO_EDIT, 3), (0.25, 0, 0.75, 0.5)),
    cropped(mirrored(NO_EDIT), (0.0, 0.25, 0.5, 1.0)),
]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_what_is_shown_is_what_turns_whatever_was_done_before(picture, edit, quarters):
    shown = apply(picture, edit)
    again = apply(picture, turned(edit, quarters))
    assert np.array_equal(pixels(again), np.rot90(pixels(shown), -quarters))


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_shown_is_what_is_mirrored_whatever_was_done_before(picture, edit):
    again = apply(picture, mirrored(edit))
    assert np.array_equal(pixels(again), pixels(apply(picture, edit))[:, ::-1])


@pytest.mark.parametrize("edit", EDITS)
def test_the_size_is_known_without_decoding(picture, edit):
    assert size_after(picture.width, picture.height, edit) == apply(picture, edit).size


@pytest.mark.parametrize(
    "crop", [(0.5, 0, 0.5, 1), (0.6, 0, 0.4, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.1), (0, 0, 0.001, 1)]
)
def test_a_crop_that_is_no_area_is_refused(crop):
    with pytest.raises(ValidationError):
        cropped(NO_EDIT, crop)


def test_a_crop_of_the_whole_is_no_crop():
    assert cropped(NO_EDIT, (0, 0, 1, 1)) == NO_EDIT


def first_scan(folder) -> Scan:
    *_, last = scan_folder(folder)
    assert isinstance(last, Scan)
    return last


def test_pictures_that_are_left_out_are_not_trained_on(image_folder):
    items = first_scan(image_folder).items
    left = edited(items, {items[1].content_hash: PictureEdit(left_out=True)})
    assert [item.path.name for item in left] == ["picture0.png", "picture2.png"]


def test_the_same_file_twice_counts_once_and_is_told(image_folder):
    (image_folder / "copy.png").write_bytes((image_folder / "picture1.png").read_bytes())
    scan = first_scan(image_folder)
    assert len(scan.items) == 3
    (told,) = [notice for notice in scan.notices if isinstance(notice, PictureSkipped)]
    assert str(told).startswith("copy.png is left out: It is the same file as picture1.png.")


def edit_of(folder, number: int, **values) -> dict:
    return {first_scan(folder).items[number].content_hash: values}


def test_an_edit_changes_the_training_and_leaves_the_file_alone(tiny_folder, tmp_path):
    folder = draw_pictures(tmp_path / "pictures", count=3)
    before = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}

    def losses(name: str, edits: dict) -> list[float]:
        data = tiny_run(tiny_folder, folder, tmp_path / name)
        data["dataset"]["edits"] = edits
        return [e.loss for e in require_finished(train(data)).of(StepFinished)]

    plain = losses("plain", {})
    assert losses("again", {}) == plain
    for values in (
        {"quarter_turns": 1},
        {"mirrored": True},
        {"crop": (0.1, 0.1, 0.9, 0.9)},
        {"left_out": True},
        {"repeats": 3},
    ):
        assert losses("-".join(values), edit_of(folder, 0, **values)) != plain, values
    after = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert after == before


def test_an_edit_of_a_run_stands_in_its_settings(tiny_folder, image_folder, tmp_path):
    data = tiny_run(tiny_folder, image_folder, tmp_path)
    data["dataset"]["edits"] = edit_of(image_folder, 0, mirrored=True)
    config, problems = check(data)
    assert problems == []
    assert config is not None
    assert [edit.mirrored for edit in config.dataset.edits.values()] == [True]


def test_a_crop_that_leaves_too_little_is_told_and_the_picture_left_out(
    tiny_folder, image_folder, tmp_path
):
    data = tiny_run(tiny_folder, image_folder, tmp_path)
    data["dataset"]["edits"] = edit_of(image_folder, 0, crop=(0, 0, 0.1, 0.1))
    trained = require_finished(train(data))
    notices = [str(event.notice) for event in trained.of(Noticed)]
    assert any("picture0.png is left out" in notice for notice in notices), notices


@pytest.mark.parametrize("kind", ["edit", "caption"])
def test_a_picture_that_was_retouched_does_not_lose_what_was_set_for_it_without_a_word(
    tiny_folder, tmp_path, kind
):
    folder = draw_pictures(tmp_path / "pictures")
    path = min(folder.glob("*.png"))
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    own = tmp_path / "captions"
    own.mkdir()
    if kind == "caption":
        (own / f"{content}.txt").write_text("by hand")
    edits = {content: {"left_out": True}} if kind == "edit" else {}
    data = tiny_run(tiny_folder, folder, tmp_path / "runs", training={"steps": 1})
    data["dataset"] |= {"edits": edits, "captions_folder": str(own)}

    def lost() -> list[int]:
        events = train(data).events
        notices = [event.notice for event in events if isinstance(event, Noticed)]
        return [n.facts["count"] for n in notices if isinstance(n, EditsWithoutPictures)]

    assert lost() == []
    with Image.open(path) as opened:
        opened.save(path, optimize=True, compress_level=1)
    assert hashlib.sha256(path.read_bytes()).hexdigest() != content
    assert lost() == [1]

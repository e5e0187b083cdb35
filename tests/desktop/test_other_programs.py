"""What other programs do to pictures, captions, masks and edits while the window is open."""

from __future__ import annotations

import json
import os
import threading

import pytest
from PIL import Image
from PySide6.QtTest import QTest

from desktop.folder_watch import FolderWatch
from engine import storage
from engine.data import edits
from engine.data.file_marks import changed, marks_of
from engine.data.findings import Fix
from engine.dataset_notices import EditsWithoutPictures
from engine.project import Project
from tests.desktop.test_pictures_page_keeps_up import (  # noqa: F401 (fixtures)
    captions,
    is_read,
    open_panel,
    page,
    picture,
    written,
)
from tests.timing import PATIENCE


@pytest.fixture
def read(qtbot, page, draft):  # noqa: F811
    """A page of a saved project, that has read its pictures and watches them. What is typed stays
    in the field, as in the first second."""
    page._typing.setInterval(1000 * PATIENCE)
    draft.save()
    qtbot.waitUntil(page.pictures._others._watch._timer.isActive)
    return page


def own_file(page, place: int = 0):  # noqa: F811
    return page.pictures._draft.project.captions / f"{page.pictures.rows[place].key}.txt"


def lost(page):  # noqa: F811
    found = [f for f in page.pictures.findings if isinstance(f.message, EditsWithoutPictures)]
    return found[0] if found else None


# ---- files ----------------------------------------------------------------------------------


def test_a_caption_written_in_place_is_shown_by_itself(qtbot, read, image_folder):
    (image_folder / "picture1.txt").write_text("by an editor")
    qtbot.waitUntil(lambda: captions(read)[1] == "by an editor")


def test_a_picture_saved_in_place_is_shown_by_itself(qtbot, read, image_folder):
    view = read.inspector.view
    qtbot.waitUntil(lambda: not view.is_empty)
    picture("teal", 200).save(str(image_folder / "picture0.png"))
    qtbot.waitUntil(lambda: view._picture.pixmap().width() == 200)


def test_a_picture_replaced_by_one_of_the_same_size_and_time_is_read_again(
    qtbot, read, image_folder, tmp_path
):
    file, other = image_folder / "picture0.png", tmp_path / "other.png"
    other.write_bytes(file.read_bytes()[:-1] + b"\0")  # of the check sum at the end
    was = file.stat()
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    key = read.pictures.rows[0].key
    other.replace(file)
    qtbot.waitUntil(lambda: read.pictures.rows[0].key != key)


def test_a_mask_that_comes_into_a_folder_of_masks_is_seen(qtbot, read, image_folder):
    (image_folder / "masks").mkdir()
    qtbot.wait(1)
    picture("white").save(str(image_folder / "masks/picture0.png"))
    qtbot.waitUntil(lambda: read.pictures.rows[0].mask is not None)


def test_a_caption_that_was_written_here_is_no_reason_to_read_all_again(qtbot, read):
    lists = []
    read.pictures._scan.listed.connect(lists.append)
    read.inspector.caption.text.setPlainText("typed here")
    read.keep_caption()
    read.pictures.writer.flush()
    looks = []
    read.pictures._others._watch._answers.looked.connect(lambda *facts: looks.append(facts))
    qtbot.waitUntil(lambda: len(looks) >= 3)
    assert any(found for _, _, found, _ in looks)
    assert lists == []


def test_an_undo_here_takes_back_nothing_that_another_window_has_set(read, draft):
    pictures = read.pictures
    key = pictures.rows[0].key
    pictures.edit([key], lambda edit: edits.turned(edit, 1), "turn")
    theirs = {key: {"quarter_turns": 1, "mirrored": True}}
    draft.put("dataset", {**draft.get("dataset"), "edits": theirs})
    pictures.stack.undo()
    assert draft.get("dataset.edits") == {key: {"mirrored": True}}
    pictures.stack.redo()
    assert draft.get("dataset.edits") == theirs


def test_a_picture_left_out_in_another_window_is_left_out_here(qtbot, read, draft):
    draft.set("training.steps", 7)  # there is a file then
    draft.flush()
    other = Project(draft.project.folder)
    data = other.load_draft()
    data["dataset"]["edits"] = {read.pictures.rows[1].key: {"left_out": True}}
    other.save_draft(data)
    qtbot.waitUntil(lambda: read.num_pictures == 2)
    assert draft.get("training.steps") == 7


def test_the_marks_of_a_folder_tell_what_came_went_and_changed(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text("1")
    (tmp_path / ".hidden").write_text("1")
    before = marks_of([tmp_path])
    assert sorted(before) == [str(tmp_path / "a"), str(tmp_path / "b")]
    (tmp_path / "a").write_text("12")
    (tmp_path / "b").unlink()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/c").write_text("1")
    (tmp_path / "loop").symlink_to(tmp_path)
    now = marks_of([tmp_path, tmp_path / "not there"])
    found = changed(before, now)
    assert set(found) == {str(tmp_path / name) for name in ("a", "b", "deep/c")}
    assert found[str(tmp_path / "b")] is None
    assert marks_of([tmp_path / "a"]) == {str(tmp_path / "a"): now[str(tmp_path / "a")]}


def test_a_watch_that_was_stopped_tells_nothing_more(qtbot, read, tmp_path):
    watch, told = FolderWatch(read), []
    watch.changed.connect(told.append)
    watch.watch((tmp_path,), {"gone": (1, 1, 1)})
    watch._begin()
    watch.stop()
    watch.close()
    qtbot.wait(1)
    assert told == []


# ---- captions ---------------------------------------------------------------------------------


def test_a_caption_written_elsewhere_while_it_is_typed_here_is_kept_beside(
    qtbot, read, image_folder
):
    text = read.inspector.caption.text
    text.setFocus()
    qtbot.waitUntil(text.hasFocus)
    text.setPlainText("typed here")
    (image_folder / "picture0.txt").write_text("by an editor")
    qtbot.waitUntil(lambda: captions(read)[0] == "by an editor")
    assert text.toPlainText() == "typed here"
    read.flush()
    assert own_file(read).read_text("utf-8") == "typed here"
    assert own_file(read).with_suffix(".other").read_text("utf-8") == "by an editor"
    qtbot.waitUntil(
        lambda: "Another program changed this caption" in read.inspector._problem.text()
    )
    qtbot.waitUntil(lambda: any("Another program" in text for text in read.browser.findings.texts))


def test_a_caption_of_imprint_that_another_program_wrote_is_never_written_over(qtbot, read):
    read.inspector.caption.text.setPlainText("typed here")
    read.flush()
    read.pictures._others.stop()  # nobody has looked yet
    own_file(read).write_text("by a sync program")
    read.inspector.caption.text.setPlainText("typed again")
    read.flush()
    assert own_file(read).read_text("utf-8") == "typed again"
    assert own_file(read).with_suffix(".other").read_text("utf-8") == "by a sync program"
    with qtbot.waitSignal(read.pictures.finished):
        read.reload()
    assert "kept" in str(read.pictures.rows[0].caption_remarks[0])


def test_a_field_that_nobody_typed_into_does_not_bring_an_old_caption_back(
    qtbot, read, image_folder, draft
):
    text = read.inspector.caption.text
    text.setFocus()
    qtbot.waitUntil(text.hasFocus)
    (image_folder / "picture0.txt").write_text("by an editor")
    qtbot.waitUntil(lambda: text.toPlainText() == "by an editor")
    read._add_files.setFocus()
    read.flush()
    assert written(draft) == []


def test_captions_typed_one_after_the_other_are_no_conflict(read, draft):
    for words in ("one", "two", "three"):
        read.inspector.caption.text.setPlainText(words)
        read.keep_caption()
    read._undo.click()
    read.flush()
    assert written(draft) == ["two"]
    assert list(draft.project.captions.glob("*.other")) == []


def test_words_typed_while_the_picture_is_saved_elsewhere_are_for_the_new_picture(
    qtbot, read, image_folder
):
    text = read.inspector.caption.text
    text.setFocus()
    qtbot.waitUntil(text.hasFocus)
    text.setPlainText("typed here")
    key = read.pictures.rows[0].key
    picture("teal", 200).save(str(image_folder / "picture0.png"))
    qtbot.waitUntil(lambda: read.pictures.rows[0].key != key)
    read.flush()
    assert captions(read)[0] == "typed here"
    assert own_file(read).read_text("utf-8") == "typed here"


@pytest.mark.parametrize("what", ["renamed", "deleted"])
def test_words_typed_while_the_picture_goes_are_kept(qtbot, read, image_folder, draft, what):
    text = read.inspector.caption.text
    text.setFocus()
    qtbot.waitUntil(text.hasFocus)
    text.setPlainText("typed here")
    file = own_file(read)
    if what == "renamed":
        (image_folder / "picture0.png").rename(image_folder / "zebra.png")
    else:
        (image_folder / "picture0.png").unlink()
    qtbot.waitUntil(lambda: read.inspector.row is None or read.inspector.row.key != file.stem)
    qtbot.waitUntil(file.exists)
    assert file.read_text("utf-8") == "typed here"
    if what == "renamed":
        names = [row.path.name for row in read.pictures.rows]
        qtbot.waitUntil(lambda: captions(read)[names.index("zebra.png")] == "typed here")


def test_words_are_kept_a_moment_after_the_last_key(qtbot, page, draft):  # noqa: F811
    text = page.inspector.caption.text
    text.setFocus()
    qtbot.waitUntil(text.hasFocus)
    text.selectAll()
    QTest.keyClicks(text, "a cat")
    qtbot.waitUntil(lambda: written(draft) == ["a cat"])
    QTest.keyClicks(text, ", asleep")
    qtbot.waitUntil(lambda: written(draft) == ["a cat, asleep"])
    assert text.textCursor().atEnd()


def test_words_that_are_typed_stay_in_the_project_that_is_left(qtbot, read, draft, tmp_path):
    file = own_file(read)
    text = read.inspector.caption.text
    text.setFocus()
    qtbot.waitUntil(text.hasFocus)
    text.setPlainText("typed here")
    read.strip.show_text("about this project")
    draft.replace(Project(tmp_path / "another"), {"name": "another"})
    assert read.strip.isHidden()
    read.flush()
    assert file.read_text("utf-8") == "typed here"
    assert list((tmp_path / "another").glob("captions/*")) == []


# ---- edits of pictures that are gone -------------------------------------------------------------


def retouch(path) -> None:
    """The same pixels, saved again."""
    with Image.open(path) as opened:
        opened.load()
    opened.save(path, optimize=True, compress_level=1)


def test_what_was_set_for_a_picture_that_was_retouched_is_told_and_taken_over(
    qtbot, read, image_folder, draft
):
    was = read.pictures.rows[0].key
    read.pictures.leave_out([was], "leave out")
    read.pictures.write_captions({was: "by hand"}, "caption")
    read.flush()
    retouch(image_folder / "picture0.png")
    qtbot.waitUntil(lambda: lost(read) is not None)
    now = read.pictures.rows[0].key
    assert now != was
    assert read.num_pictures == 3  # it is trained on
    assert lost(read).message.facts["count"] == 1
    assert lost(read).keys == (now,)
    assert draft.get("dataset.edits") == {was: {"left_out": True}}  # kept
    read.browser._fix(lost(read), Fix.TAKE_OVER)
    qtbot.waitUntil(lambda: captions(read)[0] == "by hand")
    assert read.num_pictures == 2
    assert draft.get("dataset.edits") == {now: {"left_out": True}}
    qtbot.waitUntil(lambda: is_read(read, 2) and lost(read) is None)
    read.flush()
    names = sorted(path.suffix for path in draft.project.captions.iterdir())
    assert names == [".taken", ".txt"]


def test_the_finding_of_lost_edits_goes_when_the_old_picture_comes_back(qtbot, read, image_folder):
    file = image_folder / "picture0.png"
    before = file.read_bytes()
    read.pictures.leave_out([read.pictures.rows[0].key], "leave out")
    file.unlink()
    qtbot.waitUntil(lambda: lost(read) is not None)
    assert lost(read).fixes == (Fix.KEEP,)  # no picture has its name
    file.write_bytes(before)
    qtbot.waitUntil(lambda: lost(read) is None and is_read(read, 2))


def test_what_was_set_does_not_go_to_a_picture_that_has_edits_of_its_own(
    qtbot, read, image_folder, draft
):
    was = read.pictures.rows[0].key
    read.pictures.leave_out([was], "leave out")
    retouch(image_folder / "picture0.png")
    qtbot.waitUntil(lambda: lost(read) is not None)
    now = read.pictures.rows[0].key
    read.pictures.edit([now], lambda edit: edit.model_copy(update={"repeats": 3}), "repeats")
    read.pictures.take_over("x")
    assert set(draft.get("dataset.edits")) == {was, now}
    assert json.dumps(draft.get("dataset.edits")).count("left_out") == 1


# ---- before a start ----------------------------------------------------------------------------


@pytest.fixture
def started(window, draft, qtbot, monkeypatch):
    """A window on the pictures; the names of the runs that it starts."""
    names: list[str] = []
    monkeypatch.setattr(window.runs, "start", lambda config: names.append(config.name))
    window.draft.replace(draft.project, draft.data)
    window.draft.save()
    qtbot.waitUntil(lambda: is_read(window.images, 3))
    window.images.pictures._others.stop()  # nobody looks: a file system may tell no true time
    monkeypatch.setattr(window.images.pictures._others._watch, "watch", lambda *facts: None)
    return names


def test_a_picture_that_is_another_one_unseen_is_found_before_the_start(
    qtbot, window, started, image_folder, monkeypatch
):
    page_of_it, file = window.images, image_folder / "picture1.png"
    monkeypatch.setattr("engine.data.survey.changed_at", lambda status: 1)
    page_of_it.reload()
    qtbot.waitUntil(lambda: page_of_it.pictures.rows[1].reading is not None)
    with qtbot.waitSignal(page_of_it.pictures.finished):
        page_of_it.reload()
    was = page_of_it.pictures.rows[1].key
    page_of_it.pictures.leave_out([was], "leave out")
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with qtbot.waitSignal(page_of_it.pictures.finished):
        page_of_it.reload()
    assert page_of_it.pictures.rows[1].key == was  # size and time are the same
    window.start_training()
    qtbot.waitUntil(lambda: page_of_it.pictures.rows[1].key != was)
    assert started == []
    assert EditsWithoutPictures.code in window.monitor.strip.text
    qtbot.waitUntil(lambda: lost(page_of_it) is not None)
    window.start_training()  # now that it is seen
    qtbot.waitUntil(lambda: len(started) == 1)


def test_a_start_with_edits_that_fit_their_pictures_just_starts(qtbot, window, started):
    keys = [row.key for row in window.images.pictures.rows]
    window.images.pictures.leave_out(keys[:1], "leave out")
    window.images.pictures.write_captions({keys[1]: "by hand"}, "caption")
    window.start_training()
    qtbot.waitUntil(lambda: len(started) == 1)
    assert window.monitor.strip.isHidden()


def test_sums_are_never_computed_in_the_windows_thread(qtbot, window, started, monkeypatch):
    threads = []

    def summing(path, sha256_of=storage.sha256_of):
        threads.append(threading.current_thread().name)
        return sha256_of(path)

    monkeypatch.setattr("desktop.sum_check.storage.sha256_of", summing)
    pictures = window.images.pictures
    pictures.leave_out([pictures.rows[0].key], "leave out")
    window.start_training()
    qtbot.waitUntil(lambda: len(started) == 1)
    assert len(threads) == 1  # only where something is set
    assert threads[0].startswith("imprint-sums")


def test_a_picture_that_is_gone_is_told_before_the_start(qtbot, window, started, image_folder):
    pictures = window.images.pictures
    pictures.leave_out([pictures.rows[0].key], "leave out")
    (image_folder / "picture0.png").unlink()
    window.start_training()
    qtbot.waitUntil(lambda: len(pictures.rows) == 2)
    assert started == []
    assert EditsWithoutPictures.code in window.monitor.strip.text

"""The images page: drop, caption, edit, undo, and what is worth knowing."""

from __future__ import annotations

import hashlib

import pytest
from PySide6.QtCore import QMimeData, QPointF, QStandardPaths, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from desktop.choosing import choose_folder
from desktop.panels.dataset_panel import DatasetPanel
from desktop.widgets.batch_bar import OPERATIONS
from engine.data.findings import Fix
from tests.conftest import draw_pictures
from tests.timing import cpu_seconds


@pytest.fixture
def dataset(qtbot, draft, theme):
    panel = DatasetPanel(draft, theme)
    qtbot.addWidget(panel)
    panel.resize(1100, 760)
    panel.show()
    qtbot.waitUntil(lambda: read(panel, 3))
    yield panel
    panel.close_threads()


def read(panel, count: int) -> bool:
    return panel.num_pictures == count and not panel.pictures.is_reading


def fingerprint(folder):
    return {
        path.name: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.iterdir()
    }


def drop(panel, *paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    panel.dropEvent(event)


def type_caption(panel, text: str) -> None:
    panel.inspector.caption.text.setPlainText(text)


def captions(panel) -> list[str]:
    return [row.caption for row in panel.pictures.rows]


def written(draft) -> list[str]:
    return sorted(path.read_text("utf-8") for path in draft.project.captions.glob("*.txt"))


def test_a_typed_caption_goes_to_the_project_and_leaves_the_pictures_folder_alone(
    dataset, draft, image_folder
):
    before = fingerprint(image_folder)
    type_caption(dataset, "a photo of {subject} in the snow")
    dataset.browser.step(1)
    dataset.flush()
    assert written(draft) == ["a photo of {subject} in the snow"]
    assert draft.get("dataset.captions_folder") == str(draft.project.captions)
    assert fingerprint(image_folder) == before


def test_a_caption_that_cannot_be_written_keeps_no_other_and_says_so(qtbot, dataset, draft):
    keys = [row.key for row in dataset.pictures.rows]
    (draft.project.captions / f"{keys[0]}.txt").mkdir(parents=True)  # nothing can be its file
    dataset.pictures.write_captions({key: f"new {key[:4]}" for key in keys}, "test")
    with qtbot.waitSignal(dataset.pictures.failed):
        dataset.flush()
    on_disk = {path.stem: path.read_text("utf-8") for path in draft.project.captions.glob("*.txt")
               if path.is_file()}  # fmt: skip
    assert on_disk == {key: f"new {key[:4]}" for key in keys[1:]}
    problems = [row.caption_problem for row in dataset.pictures.rows]
    assert "is there already" in str(problems[0])
    assert problems[1:] == [None, None]
    dataset.browser.grid.choose(0)
    assert "is there already" in dataset.inspector._problem.text()
    (draft.project.captions / f"{keys[0]}.txt").rmdir()
    dataset.pictures.write_captions({keys[0]: "newer"}, "test")
    dataset.flush()
    assert dataset.pictures.rows[0].caption_problem is None
    assert (draft.project.captions / f"{keys[0]}.txt").read_text("utf-8") == "newer"


def test_what_is_left_out_and_what_was_guessed_is_said_above_the_pictures(
    qtbot, dataset, image_folder, draft
):
    pixels = QImage(96, 96, QImage.Format.Format_RGB32)
    for name in ("picture0-masklabel.png", "reg/1_toy/a.png", "._picture1.png"):
        (image_folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels.fill(QColor("white"))
        pixels.save(str(image_folder / name), "PNG")
    (image_folder / "film.mp4").write_bytes(b"film")
    (image_folder / "picture2.txt").write_bytes("девочка с синими волосами".encode("cp1251"))
    dataset.reload()

    def said() -> str:
        return " ".join(dataset.browser.findings.texts)

    qtbot.waitUntil(lambda: "Cyrillic" in said())
    assert dataset.num_pictures == 3
    assert "Masks of 1 pictures: picture0-masklabel.png." in said()
    assert "Left out: reg/ (1). These look like class pictures" in said()
    assert "Left out: film.mp4. A video." in said()
    assert "Left out: ._picture1.png." in said()
    assert captions(dataset)[2] == "девочка с синими волосами"
    draft.set("dataset.masks", "file")
    qtbot.waitUntil(lambda: "masklabel" not in said())
    (kept,) = [f for f in dataset.pictures.findings if "film.mp4" in str(f.message)]
    dataset.pictures.keep(kept)
    assert "film.mp4" not in said()
    assert "reg/ (1)" in said()
    (guessed,) = [f for f in dataset.pictures.findings if "Cyrillic" in str(f.message)]
    assert guessed.keys == (dataset.pictures.rows[2].key,)


def test_a_caption_written_in_imprint_is_there_after_reading_the_folder_anew(qtbot, dataset):
    type_caption(dataset, "mine")
    dataset.reload()
    qtbot.waitUntil(lambda: read(dataset, 3))
    assert captions(dataset)[0] == "mine"
    assert dataset.inspector.caption.caption == "mine"


def test_a_caption_can_be_taken_back_and_written_again(dataset, draft):
    old = captions(dataset)[0]
    type_caption(dataset, "mine")
    dataset.keep_caption()
    dataset._undo.click()
    assert captions(dataset)[0] == old
    assert dataset.inspector.caption.caption == old
    dataset._redo.click()
    dataset.flush()
    assert captions(dataset)[0] == "mine"
    assert written(draft) == ["mine"]


def test_one_change_of_many_captions_shows_what_it_does_and_is_one_step(qtbot, dataset):
    before = captions(dataset)
    dataset.browser.grid.selectAll()
    bar = dataset.browser.batch
    assert bar.isVisible()
    bar.operation.setCurrentIndex([known.name for known in OPERATIONS].index("Find and replace"))
    bar.fields[0].setText("photo")
    bar.fields[1].setText("painting")
    assert "changes 3 of 3" in bar.text
    assert "a photo of a toy, number 0  →  a painting of a toy, number 0" in bar.text
    assert captions(dataset) == before  # nothing yet
    bar.apply.click()
    assert captions(dataset) == [text.replace("photo", "painting") for text in before]
    dataset._undo.click()
    assert captions(dataset) == before


def test_the_bar_for_many_is_away_while_one_is_chosen(dataset):
    dataset.browser.grid.choose(0)
    assert not dataset.browser.batch.isVisible()


def test_a_turned_picture_is_an_instruction_in_the_draft_and_can_be_taken_back(
    dataset, draft, image_folder
):
    before = fingerprint(image_folder)
    key = dataset.browser.row.key
    dataset.inspector.turn_right.click()
    dataset.inspector.mirror.click()
    assert draft.get("dataset.edits") == {key: {"quarter_turns": 1, "mirrored": True}}
    dataset._undo.click()
    assert draft.get("dataset.edits") == {key: {"quarter_turns": 1}}
    dataset._undo.click()
    assert draft.get("dataset.edits") == {}
    assert fingerprint(image_folder) == before


def test_the_inspector_shows_the_picture_as_it_is_trained_on(qtbot, dataset, image_folder):
    image = QImage(200, 100, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    image.save(str(image_folder / "wide.png"))
    dataset.reload()
    qtbot.waitUntil(lambda: read(dataset, 4))
    dataset.browser.step(3)
    view = dataset.inspector.view
    qtbot.waitUntil(lambda: view._picture.pixmap().width() == 200)
    dataset.inspector.turn_left.click()
    qtbot.waitUntil(lambda: view._picture.pixmap().width() == 100)


def test_a_crop_is_framed_in_the_shape_of_the_training_and_applied_by_enter(qtbot, dataset, draft):
    qtbot.waitUntil(lambda: not dataset.inspector.view.is_empty)
    QTest.keyClick(dataset.browser.grid, Qt.Key.Key_C)
    view = dataset.inspector.view
    assert view.is_cropping
    QTest.keyClick(view, Qt.Key.Key_Return)
    (edit,) = draft.get("dataset.edits").values()
    left, top, right, bottom = edit["crop"]
    assert 0 < left < right < 1
    assert right - left == pytest.approx(bottom - top)  # a square picture for a square shape
    assert dataset.inspector.row.key in draft.get("dataset.edits")


def test_escape_leaves_the_crop_and_changes_nothing(qtbot, dataset, draft):
    qtbot.waitUntil(lambda: not dataset.inspector.view.is_empty)
    dataset.inspector.crop.click()
    QTest.keyClick(dataset.inspector.view, Qt.Key.Key_Escape)
    assert not dataset.inspector.view.is_cropping
    assert draft.get("dataset.edits", {}) == {}


def test_a_picture_that_is_left_out_stays_in_sight_and_counts_no_more(dataset, draft):
    dataset.browser.grid.setFocus()
    QTest.keyClick(dataset.browser.grid, Qt.Key.Key_Delete)
    assert dataset.num_pictures == 2
    assert len(dataset.pictures.rows) == 3
    assert "left out" in dataset.state.text()
    assert dataset.browser.grid.grid_model.item(0).faded
    dataset._undo.click()
    assert dataset.num_pictures == 3


def test_a_dropped_folder_is_used_where_it_lies(qtbot, dataset, draft, tmp_path):
    other = draw_pictures(tmp_path / "other", count=5)
    drop(dataset, other)
    qtbot.waitUntil(lambda: read(dataset, 5))
    assert draft.get("dataset.folder") == str(other)


def test_dropped_files_are_copied_into_the_project_with_their_captions(
    qtbot, dataset, draft, tmp_path
):
    other = draw_pictures(tmp_path / "other", count=2)
    drop(dataset, other / "picture0.png", other / "picture1.png")
    qtbot.waitUntil(lambda: draft.get("dataset.folder") == str(draft.project.images))
    # Three were there, two came; two of the five are the same pictures under the same names.
    qtbot.waitUntil(lambda: read(dataset, 3))
    assert (draft.project.images / "picture1.txt").is_file()


def test_a_picture_of_the_clipboard_becomes_a_file_of_the_project(qtbot, dataset, draft):
    image = QImage(120, 90, QImage.Format.Format_RGB32)
    image.fill(QColor("teal"))
    QGuiApplication.clipboard().setImage(image)
    dataset.paste()
    qtbot.waitUntil(lambda: read(dataset, 4))
    (pasted,) = draft.project.images.glob("pasted-*.png")
    assert QImage(str(pasted)).pixelColor(5, 5) == QColor("teal")
    dataset.paste()
    qtbot.waitUntil(lambda: read(dataset, 4))


def test_a_picture_that_comes_into_the_folder_is_seen(qtbot, dataset, image_folder):
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(QColor("orange"))
    image.save(str(image_folder / "new.png"))
    qtbot.waitUntil(lambda: read(dataset, 4))


def test_what_cannot_be_used_is_told_with_its_reason_where_it_is_chosen(
    qtbot, dataset, image_folder
):
    (image_folder / "page.jpg").write_bytes(b"<html>not a picture</html>")
    dataset.reload()
    qtbot.waitUntil(lambda: any("page.jpg" in t for t in dataset.browser.findings.texts))
    assert dataset.num_pictures == 3
    dataset.browser.grid.choose(0)
    assert "web page" in dataset.inspector._problem.text()


def test_the_finding_of_copies_keeps_the_best_by_one_click(qtbot, dataset, image_folder):
    large = QImage(str(image_folder / "picture1.png")).scaled(300, 300)
    large.save(str(image_folder / "large.png"))
    dataset.reload()
    qtbot.waitUntil(lambda: read(dataset, 4))

    def copies():
        return [f for f in dataset.pictures.findings if f.message.code == "IM-IMG-08"]

    qtbot.waitUntil(lambda: bool(copies()))
    dataset.browser.findings.fix_requested.emit(copies()[0], Fix.KEEP_BEST)
    kept = [row.path.name for row in dataset.pictures.rows
            if not dataset.pictures.edit_of(row).left_out]  # fmt: skip
    assert "large.png" in kept
    assert "picture1.png" not in kept
    qtbot.waitUntil(lambda: not copies())


def test_a_finding_that_is_all_right_is_not_told_again(qtbot, dataset):
    qtbot.waitUntil(lambda: bool(dataset.pictures.findings))
    finding = dataset.pictures.findings[0]
    dataset.browser.findings.fix_requested.emit(finding, Fix.KEEP)
    dataset.reload()
    qtbot.waitUntil(lambda: read(dataset, 3))
    qtbot.wait(200)
    codes = [known.message.code for known in dataset.pictures.findings]
    assert finding.message.code not in codes


def test_the_filter_shows_what_it_names(qtbot, dataset):
    dataset.browser.filter.setText('"number 1"')
    qtbot.waitUntil(lambda: dataset.browser.grid.grid_model.rowCount() == 1)
    dataset.browser.filter.setText("")
    qtbot.waitUntil(lambda: dataset.browser.grid.grid_model.rowCount() == 3)


def test_the_largest_pictures_come_first_where_asked(qtbot, dataset, image_folder):
    QImage(400, 400, QImage.Format.Format_RGB32).save(str(image_folder / "zz-large.png"))
    dataset.reload()
    qtbot.waitUntil(lambda: len(dataset.pictures.rows) == 4 and not dataset.pictures.is_reading)
    dataset.browser.order.setCurrentIndex(2)
    dataset.browser.order.activated.emit(2)
    assert dataset.browser.grid.grid_model.item(0).title == "zz-large.png"


def test_tokens_are_counted_while_one_types(dataset):
    type_caption(dataset, "a cat " * 60)
    assert dataset.inspector.caption._tokens.text() == "120 / 75 tokens"
    assert dataset.inspector.caption._tokens.property("kind") == "warn"


def test_a_tag_is_taken_away_by_its_chip(dataset):
    type_caption(dataset, "cat, blue sky, grass")
    dataset.keep_caption()
    chips = dataset.inspector.caption._chips.findChildren(type(dataset._add_files))
    chip = next(chip for chip in chips if chip.property("tag") == "blue sky")
    chip.click()
    assert captions(dataset)[0] == "cat, grass"


def test_a_tag_of_the_set_is_offered_and_taken_by_ctrl_enter(qtbot, dataset):
    dataset.pictures.write_captions({dataset.pictures.rows[1].key: "cat, blue sky"}, "test")
    qtbot.waitUntil(lambda: "blue sky" in dataset.inspector.caption.text._tags.stringList())
    text = dataset.inspector.caption.text
    text.setFocus()
    text.setPlainText("")
    QTest.keyClicks(text, "grass, blu")
    QTest.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert dataset.inspector.caption.caption == "grass, blue sky"


def test_a_missing_folder_is_told_and_the_page_shows_its_empty_state(qtbot, dataset, tmp_path):
    dataset.use_folder(tmp_path / "nowhere")
    qtbot.waitUntil(lambda: "is not there" in dataset.strip.text)
    assert dataset.num_pictures == 0


def test_pictures_to_compare_with_go_when_other_pictures_come(dataset, tmp_path):
    dataset._draft.set("evaluation.references", str(tmp_path))
    dataset.use_folder(draw_pictures(tmp_path / "other", count=2))
    assert dataset._draft.get("evaluation.references", "") == ""


def test_ten_thousand_pictures_cost_no_more_to_draw_than_a_page_of_them(qtbot, dataset, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    data = (draw_pictures(tmp_path / "one", count=1) / "picture0.png").read_bytes()
    for number in range(10_000):  # the same picture with another end: other files, as quick to make
        (folder / f"{number:05d}.png").write_bytes(data + number.to_bytes(4, "big"))
    dataset.use_folder(folder)
    qtbot.waitUntil(lambda: len(dataset.pictures.rows) == 10_000)
    grid = dataset.browser.grid
    first = paint_seconds(grid)
    grid.scrollToBottom()
    last = paint_seconds(grid)
    dataset.use_folder(draw_pictures(tmp_path / "few", count=12))
    qtbot.waitUntil(lambda: read(dataset, 12))
    few = paint_seconds(grid)
    print(f"paint in ms: {1000 * first:.1f}, the last {1000 * last:.1f}, of 12 {1000 * few:.1f}")
    # A page of the grid is full with 10,000, and not with twelve.
    assert max(first, last) < 20 * few


def paint_seconds(grid):
    return cpu_seconds(grid.viewport().repaint, rounds=10)


def test_a_dropped_folder_without_pictures_takes_nothing_away(qtbot, dataset, tmp_path):
    before, count = dataset._draft.get("dataset.folder"), dataset.num_pictures
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "letter.pdf").write_bytes(b"%PDF-1.7")
    (folder / "notes.txt").write_text("a cat")
    dataset._begin_taking([folder])
    qtbot.waitUntil(lambda: "papers" in dataset.strip.text)
    assert dataset._draft.get("dataset.folder") == before
    assert dataset.num_pictures == count > 0


def test_the_dialogs_open_where_such_files_were_chosen_before(dataset, tmp_path, monkeypatch):
    opened = []

    def folder_dialog(parent, title, place):
        opened.append(place)
        return str(tmp_path)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", folder_dialog)
    assert choose_folder(dataset, "Pictures", "pictures") == tmp_path
    choose_folder(dataset, "Pictures", "pictures")
    choose_folder(dataset, "Models", "models")
    known = QStandardPaths.StandardLocation
    assert opened[0] == QStandardPaths.writableLocation(known.PicturesLocation)
    assert opened[1] == str(tmp_path)
    assert opened[2] == QStandardPaths.writableLocation(known.DownloadLocation)

"""The images page while things change under it: captions, crops, files, the keyboard, copying."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest

from desktop import picture_taker
from desktop.image_loader import ImageLoader, Wish
from desktop.panels.dataset_panel import DatasetPanel
from desktop.widgets.batch_bar import OPERATIONS
from engine.data import walk as walk_module
from engine.data.scan import scan_folder
from engine.data.survey import survey
from engine.data.walk import walk
from engine.errors import NoPictures
from engine.picture_intake import take_pictures
from tests.conftest import draw_pictures
from tests.timing import PATIENCE

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def open_panel(qtbot, draft, theme):
    panels = []

    def build() -> DatasetPanel:
        panel = DatasetPanel(draft, theme)
        panels.append(panel)
        qtbot.addWidget(panel)
        panel.resize(1100, 760)
        panel.show()
        panel.activateWindow()
        return panel

    yield build
    for panel in panels:
        panel.close_threads()


@pytest.fixture
def page(qtbot, open_panel):
    panel = open_panel()
    qtbot.waitUntil(lambda: is_read(panel, 3))
    return panel


@pytest.fixture
def slow_reading(monkeypatch):
    """Files are listed at once, and read when this is set."""
    go_on = threading.Event()

    def waiting(*facts):
        for found in survey(*facts):
            yield found
            go_on.wait(PATIENCE)

    monkeypatch.setattr("desktop.picture_scan.survey", waiting)
    yield go_on
    go_on.set()


def is_read(panel, count: int) -> bool:
    return panel.num_pictures == count and not panel.pictures.is_reading


def captions(panel) -> list[str]:
    return [row.caption for row in panel.pictures.rows]


def written(draft) -> list[str]:
    return [path.read_text("utf-8") for path in draft.project.captions.glob("*.txt")]


def picture(color: str, width: int = 120) -> QImage:
    image = QImage(width, 90, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    return image


def drop(panel, *paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place, action = QPointF(5, 5), Qt.DropAction.CopyAction
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    panel.dropEvent(QDropEvent(place, action, mime, button, modifier))


# ---- captions -------------------------------------------------------------------------------


def test_a_caption_corrected_meanwhile_is_in_a_change_of_many(page):
    page.browser.grid.selectAll()
    bar = page.browser.batch
    bar.operation.setCurrentIndex([known.name for known in OPERATIONS].index("Add at the end"))
    bar.fields[0].setText("in the snow")
    page.inspector.caption.text.setPlainText("corrected")
    page.keep_caption()
    assert "corrected  →  corrected, in the snow" in bar.text
    page.inspector.caption.text.setPlainText("corrected again")  # and the field not left yet
    bar.apply.click()
    assert captions(page)[0] == "corrected again, in the snow"


def test_the_bar_for_many_goes_where_the_filter_leaves_nothing(qtbot, page):
    page.browser.grid.selectAll()
    assert page.browser.batch.isVisible()
    page.pictures.set_query("nothing has these words")
    assert not page.browser.batch.isVisible()


@pytest.mark.parametrize("is_typing", [True, False])
def test_a_caption_typed_before_its_picture_is_read_is_kept(
    qtbot, open_panel, draft, slow_reading, is_typing
):
    panel = open_panel()
    qtbot.waitUntil(lambda: len(panel.pictures.rows) == 3)
    text = panel.inspector.caption.text
    if is_typing:
        text.setFocus()
        qtbot.waitUntil(text.hasFocus)
    text.setPlainText("typed early")
    slow_reading.set()
    qtbot.waitUntil(lambda: is_read(panel, 3))
    assert text.toPlainText() == "typed early"
    panel.flush()
    assert captions(panel)[0] == "typed early"
    assert written(draft) == ["typed early"]
    panel._undo.click()
    assert captions(panel)[0] == "a photo of a toy, number 0"


def test_an_early_caption_is_shown_again_and_belongs_to_its_own_picture(
    qtbot, open_panel, slow_reading
):
    panel = open_panel()
    qtbot.waitUntil(lambda: len(panel.pictures.rows) == 3)
    panel.inspector.caption.text.setPlainText("typed early")
    panel.browser.step(1)
    assert panel.inspector.caption.caption == ""
    panel.browser.step(-1)
    assert panel.inspector.caption.caption == "typed early"
    panel.browser.step(2)
    slow_reading.set()
    qtbot.waitUntil(lambda: is_read(panel, 3))
    assert captions(panel) == ["typed early", *(f"a photo of a toy, number {n}" for n in (1, 2))]


def test_an_early_caption_is_on_the_disk_when_the_page_goes(qtbot, open_panel, draft, slow_reading):
    panel = open_panel()
    qtbot.waitUntil(lambda: len(panel.pictures.rows) == 3)
    panel.inspector.caption.text.setPlainText("typed early")
    panel.flush()
    assert written(draft) == ["typed early"]
    assert draft.get("dataset.captions_folder") == str(draft.project.captions)


# ---- the large picture ----------------------------------------------------------------------


def test_another_picture_is_shown_when_it_is_chosen_while_cropping(qtbot, page, draft):
    view = page.inspector.view
    for place in (1, 0):  # both are in memory then
        page.browser.grid.choose(place)
        row = page.browser.row
        wish = Wish(str(row.path), 1024)
        qtbot.waitUntil(lambda w=wish: page.inspector._loader.get(w) is not None)
    page.inspector.begin_crop()
    assert view.is_cropping
    page.browser.grid.choose(1)
    assert not view.is_cropping
    assert not view.is_empty
    assert page.inspector._tools.isVisible()
    assert draft.get("dataset.edits", {}) == {}


def test_a_frame_stays_while_the_folder_is_read_anew(qtbot, page):
    view = page.inspector.view
    qtbot.waitUntil(lambda: not view.is_empty)
    page.inspector.begin_crop()
    with qtbot.waitSignal(page.pictures.finished):
        page.reload()
    assert view.is_cropping
    assert not view.is_empty


def test_a_second_crop_is_framed_in_the_whole_picture(qtbot, page, image_folder):
    picture("teal", 300).save(str(image_folder / "aaa.png"))
    page.reload()
    qtbot.waitUntil(lambda: is_read(page, 4))
    page.browser.grid.choose(0)
    view = page.inspector.view
    qtbot.waitUntil(lambda: view._picture.pixmap().width() == 300)
    page.inspector._take_crop((0.0, 0.0, 0.5, 1.0))
    qtbot.waitUntil(lambda: view._picture.pixmap().width() == 150)
    page.inspector._loader.forget_all()  # as after a start of the program
    page.inspector.begin_crop()
    qtbot.waitUntil(lambda: view.is_cropping)
    assert view._picture.pixmap().width() == 300


def test_a_picture_that_another_program_wrote_anew_is_shown_anew(qtbot, page, image_folder):
    file = image_folder / "picture0.png"
    grid, view = page.browser.grid.grid_model.loader, page.inspector.view
    qtbot.waitUntil(lambda: grid.get(Wish(str(file))) is not None)
    qtbot.waitUntil(lambda: not view.is_empty)
    picture("teal", 200).save(str(file))
    page.reload()
    qtbot.waitUntil(lambda: view._picture.pixmap().width() == 200)
    qtbot.waitUntil(lambda: (grid.get(Wish(str(file))) or QImage()).width() == 200)


def test_large_pictures_in_memory_are_limited_by_their_bytes(qtbot, tmp_path):
    picture("teal", 120).save(str(tmp_path / "small.png"))
    loader = ImageLoader(most_bytes=10 * 4 * 120 * 90)
    for side in range(400, 440):  # forty wishes
        loader.get(Wish(str(tmp_path / "small.png"), side))
    with qtbot.waitSignals([loader.ready] * 40):
        pass
    assert loader.num_bytes <= 10 * 4 * 120 * 90
    assert loader.get(Wish(str(tmp_path / "small.png"), 400)) is None
    loader.forget(str(tmp_path / "small.png"))
    assert loader.num_bytes == 0
    loader._pool.close()


# ---- the keyboard ---------------------------------------------------------------------------


def test_the_paste_key_takes_a_copied_image_wherever_no_words_are_typed(qtbot, page, draft):
    QGuiApplication.clipboard().setImage(picture("teal"))
    page._add_files.setFocus()
    QTest.keyClick(page._add_files, Qt.Key.Key_V, CONTROL)
    qtbot.waitUntil(lambda: is_read(page, 4))
    assert len(list(draft.project.images.glob("pasted-*.png"))) == 1


def test_the_paste_key_is_left_to_fields_of_text(qtbot, page, draft):
    QGuiApplication.clipboard().setText("on a red sofa")
    for field in (page.inspector.caption.text, page.browser.filter):
        field.clear()
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_V, CONTROL)
    assert page.inspector.caption.caption == "on a red sofa"
    assert page.browser.filter.text() == "on a red sofa"
    QGuiApplication.clipboard().setImage(picture("teal"))
    QTest.keyClick(page.browser.filter, Qt.Key.Key_V, CONTROL)
    assert not page._taking.is_busy


def test_the_find_key_puts_the_keyboard_into_the_filter(page):
    page.browser.filter.setText("old words")
    page.browser.grid.setFocus()
    QTest.keyClick(page.browser.grid, Qt.Key.Key_F, CONTROL)
    assert page.browser.filter.hasFocus()
    assert page.browser.filter.selectedText() == "old words"


# ---- copying --------------------------------------------------------------------------------


@pytest.fixture
def held(monkeypatch) -> threading.Event:
    """Copying goes on when it is set."""
    go_on = threading.Event()

    def slow(*facts):
        go_on.wait(PATIENCE)
        return take_pictures(*facts)

    monkeypatch.setattr(picture_taker, "take_pictures", slow)
    return go_on


def test_the_page_says_that_it_copies_and_answers_meanwhile(qtbot, page, held, tmp_path):
    other = draw_pictures(tmp_path / "other", count=5)
    drop(page, other / "picture3.png", other / "picture4.png")
    assert page.state.text() == "Copying pictures into the project…"
    page.browser.step(1)
    assert page.state.text() == "Copying pictures into the project…"
    held.set()
    qtbot.waitUntil(lambda: is_read(page, 5))
    qtbot.waitUntil(lambda: page.state.text() == "5 pictures")


def test_pictures_that_come_after_another_folder_was_chosen_do_not_change_it(
    qtbot, page, draft, held, tmp_path
):
    other = draw_pictures(tmp_path / "other", count=5)
    drop(page, other / "picture3.png")
    page.use_folder(other)
    held.set()
    qtbot.waitUntil(lambda: not page._taking.is_busy)
    assert draft.get("dataset.folder") == str(other)


def test_only_pictures_their_captions_and_masks_are_copied(draft, image_folder, tmp_path):
    (image_folder / "film.mp4").write_bytes(b"not a picture")
    (image_folder / "notes.txt").write_text("of no picture")
    (image_folder / "deeper").mkdir()
    picture("teal").save(str(image_folder / "deeper/deep.png"))
    picture("white").save(str(image_folder / "picture0-mask.png"))
    (image_folder / "picture1.png").rename(image_folder / "picture1")  # a name that tells nothing
    new = tmp_path / "new.png"
    picture("orange").save(str(new))
    own = take_pictures([new], draft.project, str(image_folder))
    assert sorted(path.name for path in own.iterdir()) == [
        "deep.png", "new.png", "picture0-mask.png", "picture0.png", "picture0.txt", "picture1",
        "picture1.txt", "picture2.png", "picture2.txt",
    ]  # fmt: skip


def test_captions_and_masks_of_other_programs_come_along_with_a_picture(draft, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for name, color in (("a", "teal"), ("b", "orange"), ("a-masklabel", "white"), ("c", "red")):
        picture(color).save(str(other / f"{name}.png"))
    (other / "b.png.txt").write_text("of b")
    (other / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "of a"}')
    own = take_pictures([other / "a.png", other / "b.png"], draft.project, "")
    assert sorted(path.name for path in own.iterdir()) == [
        "a-mask.png", "a.png", "a.txt", "b.png", "b.png.txt",
    ]  # fmt: skip
    assert (own / "a.txt").read_text("utf-8") == "of a"


def learnt(folder) -> list[tuple[str, str, tuple[str, ...], str]]:
    """Name, caption, all captions and mask of each picture, as a run reads them."""
    *_, scan = scan_folder(folder)
    return [
        (item.path.name, item.caption, item.choices, item.mask.name if item.mask else "")
        for item in scan.items
    ]


@pytest.fixture
def whole_set(tmp_path):
    """Pictures in one folder, their masks in another, their captions in a table above both."""
    folder = tmp_path / "set"
    for below in ("images", "masks"):
        (folder / below).mkdir(parents=True)
    for name, color in (("a", "teal"), ("b", "orange")):
        picture(color).save(str(folder / f"images/{name}.png"))
        picture("white").save(str(folder / f"masks/{name}.png"))
    (folder / "images/b.json").write_text('{"width": 96}')  # of a download tool
    rows = [{"file_name": "images/a.png", "text": "of a"},
            {"file_name": "images/b.png", "captions": ["one of b", "two of b"]}]  # fmt: skip
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


LEARNT = [("a.png", "of a", (), "a-mask.png"),
          ("b.png", "one of b", ("one of b", "two of b"), "b-mask.png")]  # fmt: skip


def test_a_set_keeps_its_table_and_masks_where_a_picture_is_added_to_it(draft, whole_set, tmp_path):
    before = learnt(whole_set)
    assert [row[1:3] for row in before] == [row[1:3] for row in LEARNT]
    picture("red").save(str(tmp_path / "new.png"))
    own = take_pictures([tmp_path / "new.png"], draft.project, str(whole_set))
    assert learnt(own) == [*LEARNT, ("new.png", "", (), "")]


def test_a_set_that_is_dropped_beside_a_picture_keeps_its_table_and_masks(
    draft, whole_set, tmp_path
):
    picture("red").save(str(tmp_path / "new.png"))
    own = take_pictures([tmp_path / "new.png", whole_set], draft.project, "")
    assert learnt(own) == [*LEARNT, ("new.png", "", (), "")]


def test_one_picture_does_not_have_the_folders_beside_it_looked_through(
    draft, tmp_path, monkeypatch
):
    home = tmp_path / "home"
    for below in ("masks", "music/deep", "work"):
        (home / below).mkdir(parents=True)
    picture("teal").save(str(home / "photo.png"))
    picture("white").save(str(home / "masks/photo.png"))
    looked_at, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda place: looked_at.append(place) or scandir(place))
    own = take_pictures([home / "photo.png"], draft.project, "")
    assert {place for place in looked_at if own not in (place, *place.parents)} == {
        home, home / "masks",
    }  # fmt: skip
    assert learnt(own) == [("photo.png", "", (), "photo-mask.png")]


def test_a_walk_ends_where_it_is_stopped(tmp_path, monkeypatch):
    for below in ("one", "two/deep"):
        (tmp_path / below).mkdir(parents=True)
    stop, looked_at, scandir = threading.Event(), [], os.scandir

    def stopping(place):
        looked_at.append(place)
        stop.set()
        return scandir(place)

    monkeypatch.setattr(os, "scandir", stopping)
    walk(tmp_path, stop=stop)
    assert looked_at == [tmp_path]


def test_nothing_is_copied_or_refused_once_the_window_closes(draft, whole_set, tmp_path):
    stop = threading.Event()
    stop.set()
    take_pictures([whole_set, whole_set / "images/a.png"], draft.project, str(whole_set), stop)
    assert not list(draft.project.images.glob("*"))
    (tmp_path / "empty").mkdir()
    assert take_pictures([tmp_path / "empty"], draft.project, "", stop) == tmp_path / "empty"


def test_two_folders_can_be_dropped_of_which_one_has_a_folder_inside(qtbot, page, draft, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    draw_pictures(one, count=5)
    (one / "inside").mkdir()
    two.mkdir()
    picture("teal").save(str(two / "picture0.png"))  # the name of another one
    drop(page, one, two)
    qtbot.waitUntil(lambda: is_read(page, 6))
    assert draft.get("dataset.folder") == str(draft.project.images)


def test_what_is_no_picture_is_told_and_copies_nothing(qtbot, page, draft, tmp_path):
    (tmp_path / "archive.zip").write_bytes(b"PK")
    drop(page, tmp_path / "archive.zip")
    qtbot.waitUntil(lambda: "No usable pictures" in page.strip.text)
    assert not draft.project.images.exists()
    with pytest.raises(NoPictures):
        take_pictures([tmp_path / "archive.zip"], draft.project, "")


def test_a_disk_that_fails_while_pictures_are_read_is_told(qtbot, page, monkeypatch):
    def failing(*_: object) -> Iterator[object]:
        raise OSError(errno.EIO, "Input/output error", "/pictures/a.png")
        yield

    monkeypatch.setattr("desktop.picture_scan.survey", failing)
    told = []
    page.pictures._scan.failed.connect(told.append)
    page.pictures.reload()
    qtbot.waitUntil(lambda: bool(told))
    assert "/pictures/a.png" in told[0].sentence


def test_a_folder_that_takes_for_ever_holds_up_no_other_and_no_close(
    qtbot, window, tmp_path, monkeypatch
):
    """The whole disk, say: a stranger's project may name it."""
    entered = threading.Event()
    real = walk_module._enter

    def for_ever(below, found):
        inside = real(below, found)
        if found.root == tmp_path / "disk":
            entered.set()
            return [below]
        return inside

    monkeypatch.setattr(walk_module, "_enter", for_ever)
    (tmp_path / "disk").mkdir()
    window.open_pictures(tmp_path / "disk")
    assert entered.wait(PATIENCE)
    window.projects.open_sample()
    qtbot.waitUntil(lambda: window.images.num_pictures == 6)
    entered.clear()
    window.open_pictures(tmp_path / "disk")
    assert entered.wait(PATIENCE)
    assert window.close()

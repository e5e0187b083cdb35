"""What browsers and file managers drop: files, pictures, addresses, and files that are gone."""

from __future__ import annotations

import base64

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication, QImage

from desktop.download_desk import DownloadDesk
from desktop.dropped import dropped
from desktop.panels.dataset_panel import DatasetPanel
from desktop.panels.gallery_panel import GalleryPanel
from desktop.panels.models_panel import ModelsPanel
from desktop.preferences import Preferences
from desktop.wizard.pages import PicturesPage
from engine.model_shelf import Shelf
from tests.conftest import draw_pictures

ADDRESS = "https://example.org/a%20cat.png"


def mime_of(*urls: str, image: QImage | None = None) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl(url) for url in urls])
    if image is not None:
        mime.setImageData(image)
    return mime


def files_of(*paths) -> QMimeData:
    return mime_of(*(QUrl.fromLocalFile(str(path)).toString() for path in paths))


def drawn() -> QImage:
    image = QImage(96, 96, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    return image


def data_address(tmp_path) -> str:
    path = tmp_path / "small.png"
    Image.new("RGB", (96, 96), "red").save(path)
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def enter(page, mime: QMimeData) -> bool:
    """Drag something over a page; whether the cursor says that it may be dropped."""
    event = QDragEnterEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    event.ignore()
    page.dragEnterEvent(event)
    return event.isAccepted()


def drop(page, mime: QMimeData) -> None:
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    page.dropEvent(event)


def moving(kind: type, mime: QMimeData, actions: Qt.DropAction) -> QDropEvent:
    """As a file manager sends it while Shift is pressed."""
    place = QPointF(5, 5) if kind is QDropEvent else QPoint(5, 5)
    shift = Qt.KeyboardModifier.ShiftModifier
    event = kind(place, actions, mime, Qt.MouseButton.LeftButton, shift)
    event.ignore()
    return event


@pytest.fixture
def dataset(qtbot, draft, theme):
    panel = DatasetPanel(draft, theme)
    qtbot.addWidget(panel)
    qtbot.waitUntil(lambda: panel.num_pictures == 3)
    yield panel
    panel.close_threads()


@pytest.fixture
def page(request, qtbot, draft, theme, tmp_path):
    """One of the pages that take drops, and where it says something."""
    kind = request.param
    if kind == "wizard":
        made = PicturesPage(theme)
        qtbot.addWidget(made)
        yield made, made._line.text
        return
    if kind == "models":
        desk = DownloadDesk(folder=tmp_path)
        made = ModelsPanel(draft, theme, Preferences(), desk, Shelf(tmp_path / "models.json"))
    else:
        made = DatasetPanel(draft, theme) if kind == "pictures" else GalleryPanel(draft, theme)
    qtbot.addWidget(made)
    yield made, lambda: made.strip.text
    made.close_threads()


@pytest.mark.parametrize("page", ["pictures", "wizard", "models", "gallery"], indirect=True)
def test_an_address_of_the_web_is_refused_by_the_cursor_and_with_a_sentence(page):
    made, text = page
    assert not enter(made, mime_of(ADDRESS))
    assert "https://example.org/a cat.png is a web address, not a file" in text()
    assert "Save the file first" in text()


@pytest.mark.parametrize("page", ["pictures", "wizard", "models", "gallery"], indirect=True)
def test_what_is_neither_a_file_nor_an_address_is_refused_without_a_word(page):
    made, text = page
    before = text()
    mime = QMimeData()
    mime.setText("some words")
    assert not enter(made, mime)
    assert text() == before


@pytest.mark.parametrize("page", ["pictures", "wizard", "models", "gallery"], indirect=True)
def test_what_holds_nothing_is_told_where_it_was_pasted_or_dropped(page):
    made, text = page
    drop(made, QMimeData())
    assert "Nothing that was dropped or pasted can be used here." in text()


@pytest.mark.parametrize("page", ["gallery"], indirect=True)
@pytest.mark.parametrize("name", ["a.jpg", "a folder"])
def test_a_file_that_a_page_has_no_use_for_is_told_with_what_it_takes(page, tmp_path, name):
    made, text = page
    assert not enter(made, files_of(tmp_path / name))
    assert "This page takes PNG pictures that were made with Stable Diffusion." in text()


def test_a_picture_that_a_browser_sends_with_its_address_is_taken(qtbot, dataset):
    mime = mime_of(ADDRESS, image=drawn())
    assert enter(dataset, mime)
    drop(dataset, mime)
    qtbot.waitUntil(lambda: dataset.num_pictures == 4)


def test_a_picture_that_is_written_out_in_its_address_is_taken(qtbot, dataset, tmp_path):
    mime = mime_of(data_address(tmp_path))
    assert enter(dataset, mime)
    drop(dataset, mime)
    qtbot.waitUntil(lambda: dataset.num_pictures == 4)


@pytest.mark.parametrize("address", ["data:", "data:image/png;base64,AAAA", "data:text/plain,ab"])
def test_an_address_that_holds_no_picture_gives_none(qapp, address):
    assert not dropped(mime_of(address)).is_usable


@pytest.mark.parametrize("page", ["pictures", "wizard", "models", "gallery"], indirect=True)
def test_no_drop_moves_the_users_files(page, image_folder):
    """After a move the source deletes them."""
    made, _ = page
    mime = files_of(image_folder / "picture0.png")
    both = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction | Qt.DropAction.LinkAction
    for kind, handle in (
        (QDragEnterEvent, made.dragEnterEvent),
        (QDragMoveEvent, made.dragMoveEvent),
        (QDropEvent, made.dropEvent),
    ):
        event = moving(kind, mime, both)
        assert event.proposedAction() == Qt.DropAction.MoveAction
        handle(event)
        assert event.isAccepted()
        assert event.dropAction() == Qt.DropAction.CopyAction


def test_a_source_that_only_moves_is_refused(dataset, image_folder):
    mime = files_of(image_folder / "picture0.png")
    for kind, handle in (
        (QDragEnterEvent, dataset.dragEnterEvent),
        (QDropEvent, dataset.dropEvent),
    ):
        event = moving(kind, mime, Qt.DropAction.MoveAction)
        handle(event)
        assert not event.isAccepted()
        assert event.dropAction() == Qt.DropAction.IgnoreAction


def test_a_folder_dropped_while_pictures_are_copied_comes_in_its_turn(qtbot, dataset, tmp_path):
    more = draw_pictures(tmp_path / "more", count=5)
    drop(dataset, files_of(more / "picture3.png"))
    drop(dataset, files_of(more))
    qtbot.waitUntil(lambda: dataset._draft.get("dataset.folder") == str(more))
    qtbot.waitUntil(lambda: dataset.num_pictures == 5)


def test_the_picture_of_a_file_that_is_dropped_is_not_taken_twice(qapp, image_folder):
    mime = files_of(image_folder / "picture0.png")
    mime.setImageData(drawn())
    found = dropped(mime)
    assert found.image is None
    assert found.files == [image_folder / "picture0.png"]


def test_the_wizard_takes_the_picture_of_a_browser(qtbot, theme):
    page = PicturesPage(theme)
    qtbot.addWidget(page)
    with qtbot.waitSignal(page.pasted):
        drop(page, mime_of(ADDRESS, image=drawn()))


def test_a_dropped_file_that_is_gone_is_named(qtbot, dataset, tmp_path):
    gone = tmp_path / "deleted.png"
    drop(dataset, files_of(gone))
    qtbot.waitUntil(lambda: str(gone) in dataset.strip.text)
    assert "is no longer there" in dataset.strip.text
    assert dataset.num_pictures == 3


def test_a_dropped_folder_that_is_gone_is_named(qtbot, dataset, tmp_path):
    drop(dataset, files_of(tmp_path / "deleted"))
    qtbot.waitUntil(lambda: "is no longer there" in dataset.strip.text)


def test_of_several_files_those_that_are_there_are_taken_and_the_others_told(
    qtbot, dataset, tmp_path
):
    more = draw_pictures(tmp_path / "more", count=5)
    drop(dataset, files_of(more / "picture3.png", tmp_path / "gone.png", more / "picture4.png"))
    qtbot.waitUntil(lambda: dataset.num_pictures == 5)
    assert "1 of 3 files are no longer there, among them" in dataset.strip.text


def test_files_that_are_gone_are_told_when_they_are_pasted_too(qtbot, dataset, tmp_path):
    QGuiApplication.clipboard().setMimeData(files_of(tmp_path / "a.png", tmp_path / "b.png"))
    dataset.paste()
    QGuiApplication.clipboard().clear()  # Python's object must not be in it when Python ends
    qtbot.waitUntil(lambda: "is no longer there" in dataset.strip.text)


def test_the_wizard_names_a_file_that_is_gone(qtbot, theme, tmp_path):
    page = PicturesPage(theme)
    qtbot.addWidget(page)
    drop(page, files_of(tmp_path / "gone.png"))
    assert "is no longer there" in page._line.text()


def test_the_gallery_names_a_file_that_is_gone(qtbot, draft, theme, tmp_path):
    gallery = GalleryPanel(draft, theme)
    qtbot.addWidget(gallery)
    drop(gallery, files_of(tmp_path / "gone.PNG"))
    assert "is no longer there" in gallery.strip.text
    gallery.close_threads()

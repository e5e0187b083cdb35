"""Captions are written in a thread, and a start waits for them without holding the window."""

from __future__ import annotations

import threading

from desktop import caption_writer
from desktop.caption_writer import CaptionWriter
from engine.errors import DiskFull
from engine.storage import write_text
from tests.desktop.test_pictures_page_keeps_up import (  # noqa: F401 (fixtures)
    captions,
    open_panel,
    page,
    written,
)
from tests.timing import PATIENCE


def test_a_start_waits_for_thousands_of_captions_and_the_window_does_not(
    qtbot, tmp_path, monkeypatch
):
    """A slow disk takes a minute for them."""
    disk = threading.Event()

    def slowly(path, text):
        assert disk.wait(PATIENCE)
        write_text(path, text)

    monkeypatch.setattr(caption_writer.storage, "write_text", slowly)
    writer, started = CaptionWriter(), []
    texts = {tmp_path / f"{number}.txt": f"a toy {number}" for number in range(2_000)}
    writer.write(texts, {})
    writer.when_written(lambda: started.append(len(list(tmp_path.iterdir()))))
    assert started == []  # and we are here, though nothing is written yet
    disk.set()
    qtbot.waitUntil(lambda: started != [])
    assert started == [2_000]
    writer.flush()


def test_captions_that_found_no_room_are_written_once_there_is_some(
    qtbot, page, draft, monkeypatch,  # noqa: F811
):  # fmt: skip
    """Not even a look at the folder brings the old ones back."""
    draft.save()
    full = DiskFull(folder="/", need_mib=1.0, free_mib=0.0)

    def refuse(*_: object, **__: object) -> None:
        raise full

    text = page.inspector.caption.text
    with monkeypatch.context() as patch:
        patch.setattr(caption_writer.storage, "write_text", refuse)
        text.setPlainText("typed here")
        page.keep_caption()
        qtbot.waitUntil(lambda: page.pictures.rows[0].caption_problem is not None)
        with qtbot.waitSignal(page.pictures.finished):
            page.reload()
        assert captions(page)[0] == "typed here"
        assert page.pictures.rows[0].caption_problem is not None
    assert written(draft) == []
    full.with_traceback(None)
    with qtbot.waitSignal(page.pictures.finished):
        page.reload()
    assert written(draft) == ["typed here"]
    assert page.pictures.rows[0].caption_problem is None


def test_a_start_after_captions_that_are_written_begins_at_once(qtbot, tmp_path):
    writer, started = CaptionWriter(), []
    writer.write({tmp_path / "a.txt": "a toy"}, {})
    writer.flush()
    writer.when_written(lambda: started.append(True))
    assert started == [True]

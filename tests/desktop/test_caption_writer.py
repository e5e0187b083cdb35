"""Captions are written in a thread, and a start waits for them without holding the window."""

from __future__ import annotations

import threading

from desktop import caption_writer
from desktop.caption_writer import CaptionWriter
from engine.storage import write_text
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


def test_a_start_after_captions_that_are_written_begins_at_once(qtbot, tmp_path):
    writer, started = CaptionWriter(), []
    writer.write({tmp_path / "a.txt": "a toy"}, {})
    writer.flush()
    writer.when_written(lambda: started.append(True))
    assert started == [True]

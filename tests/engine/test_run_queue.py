"""Runs that wait: their order, their settings, and what a crash may leave."""

from __future__ import annotations

import random

import pytest

from engine.config_file import require
from engine.run_queue import RunQueue
from engine.storage import held_folder


@pytest.fixture
def queue(tmp_path):
    return RunQueue(tmp_path / "queue")


def config(name: str, steps: int = 10):
    return require(
        {
            "name": name, "training": {"steps": steps},
            "dataset": {"folder": "x", "trigger": "sks", "class_word": "cat"},
        }
    )  # fmt: skip


def names(queue) -> list[str]:
    return [waiting.data["name"] for waiting in queue.waiting()]


def test_they_wait_in_the_order_in_which_they_came(queue):
    assert queue.waiting() == []
    for name in ("a", "b", "c"):
        queue.add(config(name))
    assert names(queue) == ["a", "b", "c"]
    assert names(RunQueue(queue._folder)) == ["a", "b", "c"]  # another start of the program
    assert queue.waiting()[0].title == "a · LoRA"
    assert queue.waiting()[0].config == config("a")


def test_the_order_can_be_changed_and_one_taken_out(queue):
    for name in ("a", "b", "c"):
        queue.add(config(name))
    queue.move(queue.waiting()[2].file, -1)
    assert names(queue) == ["a", "c", "b"]
    queue.move(queue.waiting()[0].file, -1)  # there is no place above the first
    queue.move(queue.waiting()[2].file, 1)
    assert names(queue) == ["a", "c", "b"]
    queue.remove(queue.waiting()[1].file)
    assert names(queue) == ["a", "b"]
    queue.add(config("d"))
    assert names(queue) == ["a", "b", "d"]


def test_any_number_of_moves_keeps_all_of_them(queue):
    for name in "abcde":
        queue.add(config(name))
    expected, draw = list("abcde"), random.Random(0)
    for _ in range(300):
        place, by = draw.randrange(5), draw.choice((-1, 1))
        queue.move(queue.waiting()[place].file, by)
        if 0 <= place + by < 5:
            expected[place], expected[place + by] = expected[place + by], expected[place]
        assert names(queue) == expected


def test_a_crash_while_room_is_made_keeps_the_order(queue, monkeypatch):
    for name in "abc":
        queue.add(config(name))
    rename, times = held_folder.rename_exclusive, []

    def dies_at_the_second(*arguments):
        times.append(arguments)
        if len(times) == 2:
            raise KeyboardInterrupt
        rename(*arguments)

    monkeypatch.setattr(held_folder, "rename_exclusive", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        queue._spread(queue._files())
    assert names(queue) == ["a", "b", "c"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_left_alone(queue, data):
    queue.add(config("a"))
    bad = queue._folder / "000000.json"
    bad.write_bytes(data)
    assert names(queue) == ["a"]
    assert bad.exists()


def test_settings_that_are_no_longer_possible_are_told(queue):
    file = queue.add(config("a")).file
    file.write_text('{"name": "a", "training": {"steps": -1}}')
    (waiting,) = queue.waiting()
    assert waiting.config is None
    assert waiting.steps == 0

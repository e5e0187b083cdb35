"""Pipes, devices and sockets in the place of files: refused by every reader, never waited for."""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path

import pytest

from engine import config_file, metrics_reading, records, storage, trained_file, user_presets
from engine.caption_models import look_at
from engine.cli import main
from engine.data.pictures import read_file
from engine.errors import AddonUnreadable, UserError
from engine.evaluation.networks import load_network
from engine.formats import embedding, embedding_a1111, hypernetwork, lora_file
from engine.formats.png_text import read_parameters
from engine.formats.reading import read_result
from engine.gallery_records import Made, without_addons
from engine.model_errors import ModelDamaged, NotAModel
from engine.models.catalog import locate
from engine.models.loader import load_tokenizer
from engine.models.prediction_marks import _yaml_beside
from engine.models.size import measure_model
from engine.regular_files import (
    NotRegular,
    TooLarge,
    is_file,
    is_folder,
    is_there,
    listed,
    listed_below,
    opened,
    paths_in,
    read_bytes,
    read_start,
    require_regular,
    seen_below,
)
from engine.trained_file import inspect
from engine.wording import ReasonedError
from tests.pipes import pipe

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
SENTENCE = "not a regular file"

# Name of the file -> whoever reads it.
READERS = {
    "captions.txt": read_bytes,
    "picture.png": read_file,
    "settings.json": config_file.read,
    "settings.toml": config_file.read,
    "model.safetensors": lambda path: locate(str(path)),
    "model.ckpt": lambda path: locate(str(path)),
    "model.yaml": lambda path: _yaml_beside(path.with_suffix(".safetensors")),
    "lora.safetensors": lambda path: read_result(path, None),
    "embedding.safetensors": embedding.load,
    "embedding.pt": embedding_a1111.load,
    "net.pt": hypernetwork.load,
    "tensors.safetensors": lora_file.read_tensors,
    "trained.safetensors": trained_file.inspect,
    "kept.imprint-preset.json": user_presets.load,
    "record.json": records.read_json,
    "metrics.jsonl": metrics_reading.last_lines,
    "drawn.png": read_parameters,
    "copied.bin": lambda path: storage.copy_file(path, path.with_name("copy")),
    "summed.bin": storage.sha256_of,
}


@pytest.mark.parametrize("name", READERS)
def test_no_reader_opens_a_pipe(tmp_path, name):
    with pipe(tmp_path / name) as made:
        try:
            READERS[name](made.path)
        except (UserError, ReasonedError, OSError) as error:
            assert isinstance(error, UserError | ReasonedError | NotRegular)


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt", "tokenizer_config.json"])
def test_a_pipe_among_the_files_that_a_library_opens_is_refused(tmp_path, name):
    for other in {"vocab.json", "tokenizer.json", "tokenizer_config.json"} - {name}:
        (tmp_path / other).write_text("{}")
    with pipe(tmp_path / name), pytest.raises(NotRegular, match=SENTENCE):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("kind", ["clip", "dinov2"])
def test_a_pipe_in_the_folder_of_a_judge_is_refused(tmp_path, kind):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}))
    with pipe(tmp_path / "model.safetensors"), pytest.raises(UserError, match=SENTENCE):
        load_network(tmp_path)


def test_a_pipe_in_the_folder_of_a_caption_model_is_refused(tmp_path):
    with pipe(tmp_path / "config.json"), pytest.raises(UserError):
        look_at(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["picture0.caption", "picture0.json", "picture0.png.txt", "metadata.jsonl", "metadata.csv"],
)
def test_a_pipe_in_the_place_of_captions_is_named_with_its_reason(image_folder, name, capsys):
    (image_folder / "picture0.txt").unlink(missing_ok=True)
    with pipe(image_folder / name):
        main(["check", "--images", str(image_folder)])
    shown = capsys.readouterr()
    (line,) = [line for line in (shown.out + shown.err).splitlines() if SENTENCE in line]
    assert name in line


def test_a_pipe_in_the_place_of_a_model_is_called_what_it_is(tmp_path):
    with pipe(tmp_path / "x.safetensors") as made, pytest.raises(NotAModel, match=SENTENCE):
        locate(str(made.path))


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_not_read(path):
    with pytest.raises(UserError, match=SENTENCE):
        config_file.read(Path(path))


def test_a_socket_is_not_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.json")
        with pytest.raises(UserError, match=SENTENCE):
            config_file.read(tmp_path / "s.json")


def test_a_link_to_a_file_is_read_and_one_to_a_pipe_is_not(tmp_path):
    (tmp_path / "file").write_bytes(b"words")
    (tmp_path / "link").symlink_to("file")
    assert read_start(tmp_path / "link", 4) == b"word"
    with pipe(tmp_path / "pipe"):
        (tmp_path / "other").symlink_to("pipe")
        with pytest.raises(NotRegular):
            opened(tmp_path / "other")
        with pytest.raises(NotRegular):
            require_regular(tmp_path)


def sparse(path: Path) -> Path:
    """A small file on the disk, and a large one for whoever reads it."""
    with path.open("wb") as file:
        file.truncate(3 << 30)
    return path


@pytest.mark.parametrize("name", ["settings.json", "settings.toml"])
def test_a_file_of_settings_without_end_is_refused(tmp_path, name):
    with pytest.raises(UserError, match="it is larger than 64 MiB") as refused:
        config_file.read(sparse(tmp_path / name))
    assert name in refused.value.sentence


def test_no_whole_file_is_read_without_a_limit(tmp_path):
    with pytest.raises(TooLarge):
        read_bytes(sparse(tmp_path / "a"))
    with pytest.raises(records.NotRead) as refused:
        records.read_bytes(tmp_path / "a")
    assert refused.value.why is records.Why.DAMAGED


def test_a_folder_and_a_missing_file_are_what_they_were(tmp_path):
    with pytest.raises(IsADirectoryError):
        opened(tmp_path)
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "nothing")


def test_what_cannot_be_looked_at_is_not_seen_and_raises_nothing(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 300)  # Path.is_file raises for such a name
    assert not any((is_file(long), is_folder(long), is_there(long), paths_in(long)))

    def refuse(*_: object) -> list[str]:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "listdir", refuse)
    assert paths_in(tmp_path) == []


def test_the_files_of_a_folder_come_by_name_and_those_that_match(tmp_path):
    for name in ("b.png", "a.png", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in paths_in(tmp_path, "*.png")] == ["a.png", "b.png"]


def test_a_folder_that_cannot_be_listed_shows_nothing_and_decides_nothing(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.png").touch()
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert listed(tmp_path / "missing") == []
    assert listed_below(tmp_path, "*.png") == [tmp_path / "in" / "b.png"]
    assert sorted(names for _, _, names in seen_below(tmp_path)) == [[], ["b.png"]]

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "iterdir", fail)
    monkeypatch.setattr(os, "scandir", fail)
    assert paths_in(tmp_path) == []
    assert list(seen_below(tmp_path)) == [(tmp_path, [], [])]
    for raising in (listed, listed_below):
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            raising(tmp_path)
    made = Made(tmp_path / "a.png", prompt="x", seed=7, addons=(("lora", 1.0),))
    assert without_addons(made, tmp_path) == ""
    with pytest.raises(AddonUnreadable, match=os.strerror(errno.EIO)):
        lora_file.open_lora(tmp_path)


def test_folders_in_folders_a_thousand_deep_are_listed(tmp_path):
    """Deeper than a function may call itself: a stranger may make them."""
    place, made = tmp_path, []
    for _ in range(1100):
        place /= "d"
        place.mkdir()
        made.append(place)
    assert len(listed_below(tmp_path)) == len(list(seen_below(tmp_path))) - 1 == 1100
    for folder in reversed(made):  # pytest's own way to remove them calls itself too
        folder.rmdir()


def test_a_model_folder_that_may_not_be_listed_is_told_as_such(tiny_folder, monkeypatch):
    source = locate(str(tiny_folder))

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ModelDamaged, match=os.strerror(errno.EACCES)):
        measure_model(source)


def test_a_pipe_in_the_place_of_an_addon_is_not_said_to_be_missing(tmp_path):
    path = tmp_path / "lora.safetensors"
    with pipe(path), pytest.raises(AddonUnreadable) as caught:
        inspect(path)
    assert SENTENCE in caught.value.sentence

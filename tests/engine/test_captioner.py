"""Captions that a model writes: all kinds that are known, and all that is no such model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.caption_models import KINDS, CaptionModelUnsuitable, look_at
from engine.captioner import Captioner, CaptionRequest, caption_folder, write_captions
from engine.cli import main
from engine.control import Control
from engine.data.edits import PictureEdit
from engine.events import CaptionMade, Noticed, RunFinished
from tests.caption_models import WORDS, build_caption_model


@pytest.fixture(scope="module")
def blip(tmp_path_factory) -> Path:
    return build_caption_model(tmp_path_factory.mktemp("models") / "tiny-blip")


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Four pictures; the last has a caption."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, colour in enumerate(("red", "green", "blue", "white")):
        Image.new("RGB", (80, 64), colour).save(folder / f"{number}.png")
    (folder / "3.txt").write_text("my own words", "utf-8")
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_of_each_kind_says_words_of_its_vocabulary(kind, tmp_path):
    model = look_at(build_caption_model(tmp_path / kind, kind))
    picture = Image.new("RGB", (90, 60), "red")
    captioner = Captioner(model)
    said = captioner.describe(picture)
    assert set(said.replace(",", " ").replace(".", " ").split()) <= set(WORDS)
    assert captioner.describe(picture) == said


def test_what_is_said_comes_out_of_the_weights_of_the_file(blip, tmp_path):
    """A network that was filled at random would say something else each time."""
    from safetensors.torch import load_file

    captioner = Captioner(look_at(blip))
    held = load_file(blip / "model.safetensors")
    own = captioner._network.state_dict()
    assert held and all(torch.equal(own[name].float(), value) for name, value in held.items())


def test_a_picture_is_described_as_it_is_trained_on(blip, tmp_path):
    seen = []

    class Watching(Captioner):
        def describe(self, image):
            seen.append(image.size)
            return super().describe(image)

    path = tmp_path / "one.png"
    Image.new("RGB", (80, 40), "red").save(path)
    edit = PictureEdit(quarter_turns=1, crop=(0, 0, 1, 0.5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.captioner.Captioner", Watching)
        list(write_captions(CaptionRequest(blip, {"k": path}, {"k": edit}), Control()))
    assert seen == [(40, 40)]


def test_only_pictures_without_a_caption_get_one_and_the_words_in_front(blip, pictures):
    events = list(caption_folder(pictures, blip, Control(), in_front="sks cat"))
    made = [event for event in events if isinstance(event, CaptionMade)]
    assert [Path(event.path).name for event in made] == ["0.png", "1.png", "2.png"]
    for event in made:
        written = Path(event.path).with_suffix(".txt").read_text("utf-8").strip()
        assert written == event.text
        assert written.startswith("sks cat")
    assert (pictures / "3.txt").read_text("utf-8") == "my own words"
    assert isinstance(events[-1], RunFinished)
    assert events[-1].steps == 3


def test_a_stop_keeps_what_was_written(blip, pictures):
    control = Control()
    made = []
    for event in caption_folder(pictures, blip, control):
        if isinstance(event, CaptionMade):
            made.append(event)
            control.stop()
    assert len(made) == 1
    assert [path.name for path in sorted(pictures.glob("*.txt"))] == ["0.txt", "3.txt"]
    assert event.stopped_early


def test_a_broken_picture_is_told_and_the_others_go_on(blip, tmp_path):
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    Image.new("RGB", (64, 64)).save(good)
    bad.write_bytes(good.read_bytes()[:60])
    request = CaptionRequest(blip, {"bad": bad, "good": good})
    events = list(write_captions(request, Control()))
    assert [event.key for event in events if isinstance(event, CaptionMade)] == ["good"]
    assert [event.notice.code for event in events if isinstance(event, Noticed)] == ["IM-IMG-01"]


def _without_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def _with_broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("[" * 5000, "utf-8")


def _of_another_kind(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "llava"}), "utf-8")


def _with_a_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _without_tokenizer(folder: Path) -> None:
    for path in folder.glob("*token*"):
        path.unlink()
    (folder / "vocab.txt").unlink()


def _too_large(folder: Path) -> None:
    data = json.loads((folder / "config.json").read_text("utf-8"))
    data["text_config"] |= {"num_hidden_layers": 200, "hidden_size": 4096}
    (folder / "config.json").write_text(json.dumps(data), "utf-8")


def _of_another_shape(folder: Path) -> None:
    data = json.loads((folder / "config.json").read_text("utf-8"))
    data["text_config"] |= {"intermediate_size": 8}
    (folder / "config.json").write_text(json.dumps(data), "utf-8")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_without_config, "no config.json"),
        (_with_broken_config, "cannot be read"),
        (_of_another_kind, "llava"),
        (_with_a_pickle, "program code"),
        (_without_tokenizer, "no tokenizer"),
        (_too_large, "do not fit together"),
        (_of_another_shape, "could not be loaded"),
    ],
)
def test_what_is_no_caption_model_is_refused_with_the_reason(damage, words, tmp_path):
    folder = build_caption_model(tmp_path / "model")
    damage(folder)
    with pytest.raises(CaptionModelUnsuitable, match=words):
        Captioner(look_at(folder))


def test_the_command_line_writes_captions_and_says_them(blip, pictures, capsys):
    assert main(["caption", "--images", str(pictures), "--model", str(blip)]) == 0
    told = capsys.readouterr().out
    assert "0.png" in told
    assert len(list(pictures.glob("*.txt"))) == 4
    assert main(["caption", "--images", str(pictures), "--model", str(pictures)]) == 1
    assert "IM-CAP-06" in capsys.readouterr().err

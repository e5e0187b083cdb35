"""DreamBooth: what learns, the class that must not drift, and what is kept for it."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from engine import class_images
from engine.config_file import require
from engine.contexts import Contexts
from engine.control import Control
from engine.dataset_notices import (
    ClassImageRedrawn,
    ClassImagesElsewhere,
    OwnClassImages,
    PictureSkipped,
)
from engine.dry_run import dry_run
from engine.errors import ClassFolderIsSubject, DiskFull, OutputNotWritable
from engine.events import Noticed, RunFailed, Stage, StageProgress
from engine.methods.base import Subject
from engine.methods.dreambooth.method import DreamBooth
from engine.methods.dreambooth.settings import DreamBoothSettings
from engine.models.loader import load_model
from engine.project import class_images_folder
from engine.step_loss import ClassBatches, StepLoss
from tests.engine_runs import config_of, losses, newest_weights, require_finished, tiny_run, train
from tests.method_matrix import outputs, same

DREAMBOOTH = {"kind": "dreambooth", "learning_rate": 1e-3}


def attached(folder, **settings) -> tuple[DreamBooth, object]:
    model = load_model(str(folder))
    method = DreamBooth(DreamBoothSettings(**settings), Subject("zwx", "toy"))
    method.attach(model)
    return method, model


def test_the_unet_learns_as_a_whole_and_nothing_else(tiny_folder):
    method, model = attached(tiny_folder)
    learning = {id(p) for group in method.parameter_groups() for p in group.parameters}
    assert learning == {id(p) for p in model.unet.parameters()}
    assert not any(p.requires_grad for p in model.vae_module().parameters())


def test_text_encoders_learn_at_their_own_rate_but_for_the_table_of_words(tiny_sdxl_folder):
    method, model = attached(tiny_sdxl_folder, text_learning_rate=1e-5, text_until=0.3)
    groups = {group.name: group for group in method.parameter_groups()}
    assert set(groups) == {"unet", "text_encoder", "text_encoder_2"}
    assert (groups["unet"].learning_rate, groups["unet"].until) == (2e-6, 1.0)
    assert (groups["text_encoder"].learning_rate, groups["text_encoder"].until) == (1e-5, 0.3)
    for part in model.parts():
        for name, parameter in part.module.named_parameters():
            assert parameter.requires_grad is ("token_embedding" not in name)


def test_a_text_encoder_stands_still_after_its_share_of_the_run(
    tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, training={"steps": 6},
        checkpoints={"every_steps": 1, "keep": 10},
        method=DREAMBOOTH | {"prior_weight": 0, "text_learning_rate": 1e-3, "text_until": 0.5},
    )  # fmt: skip
    trained = require_finished(train(data))
    from engine import checkpoint

    saved = [checkpoint.load_step(trained.folder.path, step).weights for step in (2, 3, 4, 6)]
    moved = [
        any(
            not torch.equal(before[name], after[name])
            for name in before
            if name.startswith("text_encoder")
        )
        for before, after in itertools.pairwise(saved)
    ]
    assert moved == [True, False, False]
    assert not torch.equal(saved[2]["unet.conv_in.weight"], saved[3]["unet.conv_in.weight"])


def test_class_pictures_are_drawn_once_and_only_what_is_missing_is_drawn_again(
    tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, training={"steps": 1},
        method=DREAMBOOTH | {"num_class_images": 3},
    )  # fmt: skip

    def drawn(events) -> int:
        told = [e for e in events.of(StageProgress) if e.stage is Stage.CLASS_IMAGES]
        return len(told) - 1  # the last says that all are there

    assert drawn(train(data)) == 3
    (folder,) = class_images_folder().iterdir()
    pictures = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    assert len(pictures) == 3
    (folder / "class_00001.png").unlink()
    assert drawn(train(data)) == 1
    assert {path.name: path.read_bytes() for path in folder.glob("*.png")} == pictures
    assert drawn(train(data | {"dataset": data["dataset"] | {"class_word": "car"}})) == 3
    assert len(list(class_images_folder().iterdir())) == 2


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _turn_into_text(path: Path) -> None:
    path.write_text("not a picture", "utf-8")


def test_a_class_picture_that_is_damaged_before_it_is_read_is_left_out_and_said(
    tiny_folder, pictures_folder, tmp_path
):
    """By another program, right after all of them were found whole."""
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, training={"steps": 1},
        method=DREAMBOOTH | {"num_class_images": 3},
    )  # fmt: skip

    def spoil_one(event, control) -> None:
        is_drawing = isinstance(event, StageProgress) and event.stage is Stage.CLASS_IMAGES
        if is_drawing and event.done == event.total:
            (folder,) = class_images_folder().iterdir()
            _cut(folder / "class_00001.png")

    trained = require_finished(train(data, spoil_one))
    told = [n.notice for n in trained.of(Noticed) if isinstance(n.notice, PictureSkipped)]
    assert [notice.facts["name"] for notice in told] == ["class_00001.png"]


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b""), _cut, _turn_into_text])
def test_damaged_class_pictures_are_drawn_again_and_each_is_said(
    tiny_folder, pictures_folder, tmp_path, spoil
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, training={"steps": 1},
        method=DREAMBOOTH | {"num_class_images": 3},
    )  # fmt: skip
    require_finished(train(data))
    (folder,) = class_images_folder().iterdir()
    before = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    for names in (["class_00001.png"], sorted(before)):  # one of them, and all
        for name in names:
            spoil(folder / name)
        again = require_finished(train(data))
        told = [n.notice for n in again.of(Noticed) if isinstance(n.notice, ClassImageRedrawn)]
        assert [notice.facts["name"] for notice in told] == names
        assert {path.name: path.read_bytes() for path in folder.glob("*.png")} == before


@pytest.mark.parametrize("error", [OutputNotWritable, DiskFull])
def test_where_the_cache_cannot_be_written_class_pictures_are_drawn_into_the_run(
    tiny_folder, pictures_folder, tmp_path, monkeypatch, error
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, training={"steps": 2},
        method=DREAMBOOTH | {"num_class_images": 3},
    )  # fmt: skip
    kept = require_finished(train(data))
    (cached,) = class_images_folder().iterdir()
    shutil.rmtree(cached)
    real = class_images.save_png

    def refuse(path, *rest):
        if path.is_relative_to(class_images_folder()):
            raise error(folder=str(path.parent), reason="read-only", need_mib=1.0, free_mib=0.0)
        real(path, *rest)

    monkeypatch.setattr(class_images, "save_png", refuse)
    alone = require_finished(train(data))
    (folder,) = alone.folder.class_images.iterdir()
    assert len(list(folder.glob("*.png"))) == 3
    told = [n.notice for n in alone.of(Noticed) if isinstance(n.notice, ClassImagesElsewhere)]
    assert [notice.facts["folder"] for notice in told] == [str(alone.folder.class_images)]
    assert losses(alone.folder) == losses(kept.folder)


@pytest.mark.parametrize("place", ["same", "inside", "around", "link"])
def test_the_folder_of_the_pictures_is_refused_as_the_folder_of_the_class(
    tiny_folder, pictures_folder, tmp_path, place
):
    pictures = Path(shutil.copytree(pictures_folder, tmp_path / "set" / "pictures"))
    (pictures / "reg").mkdir()
    (tmp_path / "link").symlink_to(pictures)
    folder = {
        "same": pictures, "inside": pictures / "reg", "around": pictures.parent,
        "link": tmp_path / "link",
    }[place]  # fmt: skip
    data = tiny_run(
        tiny_folder, pictures, tmp_path / "runs", method=DREAMBOOTH | {"class_folder": str(folder)}
    )
    failed = train(data)
    assert isinstance(failed.last.error, ClassFolderIsSubject)
    assert str(folder) in failed.last.error.sentence
    assert not (tmp_path / "runs").exists()
    (measured,) = [e for e in dry_run(config_of(data), Control()) if isinstance(e, RunFailed)]
    assert isinstance(measured.error, ClassFolderIsSubject)


def test_a_copy_of_the_pictures_is_refused_too_and_a_part_of_it_is_left_out_and_said(
    tiny_folder, pictures_folder, tmp_path
):
    classes = Path(shutil.copytree(pictures_folder, tmp_path / "class"))
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path / "runs", training={"steps": 1},
        method=DREAMBOOTH | {"class_folder": str(classes)},
    )  # fmt: skip
    assert isinstance(train(data).last.error, ClassFolderIsSubject)
    Image.effect_noise((80, 80), 90).convert("RGB").save(classes / "another.png")
    trained = require_finished(train(data))
    left_out = [n.notice for n in trained.of(Noticed) if isinstance(n.notice, PictureSkipped)]
    assert len(left_out) == len(list(pictures_folder.glob("*.png")))
    assert "It is one of the pictures that are to be learnt." in left_out[0].sentence


def test_own_class_pictures_that_cannot_be_read_are_said_and_so_is_the_count(
    tiny_folder, pictures_folder, tmp_path
):
    classes = tmp_path / "class"
    classes.mkdir()
    for number in range(4):
        Image.effect_noise((80, 80), 50 + number).convert("RGB").save(classes / f"{number}.png")
    for number in (1, 3):
        _cut(classes / f"{number}.png")
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path / "runs", training={"steps": 1},
        method=DREAMBOOTH | {"num_class_images": 50, "class_folder": str(classes)},
    )  # fmt: skip
    trained = require_finished(train(data))
    told = [n.notice for n in trained.of(Noticed)]
    assert [n.facts["name"] for n in told if isinstance(n, PictureSkipped)] == ["1.png", "3.png"]
    (own,) = [notice for notice in told if isinstance(notice, OwnClassImages)]
    assert "2 can be used, of 4 files" in own.sentence
    assert "(50) counts only where no folder" in own.advice


def test_class_pictures_show_the_class_without_the_trigger(tiny_folder, pictures_folder, tmp_path):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, training={"steps": 1},
        method=DREAMBOOTH | {"num_class_images": 1},
    )  # fmt: skip
    require_finished(train(data))
    from engine.formats.png_text import read_parameters

    (picture,) = class_images_folder().rglob("*.png")
    assert read_parameters(picture).startswith("a photo of toy\n")


def test_own_class_pictures_are_used_and_none_is_drawn(tiny_folder, pictures_folder, tmp_path):
    classes = tmp_path / "class"
    classes.mkdir()
    Image.effect_noise((80, 80), 50).convert("RGB").save(classes / "a.png")
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path / "runs", training={"steps": 1},
        method=DREAMBOOTH | {"num_class_images": 1, "class_folder": str(classes)},
    )  # fmt: skip
    trained = require_finished(train(data))
    assert not class_images_folder().exists()
    assert not [n for n in trained.of(Noticed) if isinstance(n.notice, OwnClassImages)]


class KnownModel:
    """Answers with what the prompt is worth, so that losses can be worked out by hand."""

    def __init__(self, schedule) -> None:
        self.noise_schedule = schedule
        self.worth = {"zwx": 3.0, "toy": 2.0}

    def num_chunks(self, prompt):
        return 1

    def encode_prompts(self, prompts, *, num_chunks=None, emphasis=False):
        from engine.models.base import Context

        return Context(torch.tensor([[[self.worth[prompt]]] for prompt in prompts]))

    def predict(self, noisy, timesteps, context, sizes):
        return context.tokens[:, :, :, None].expand_as(noisy)


@pytest.mark.parametrize("from_frozen", [False, True])
def test_the_second_loss_is_added_with_its_weight(from_frozen, monkeypatch, tmp_path):
    """noise is all ones: instance (3 - 1)^2 = 4; class (2 - 1)^2 = 1, or (2 - 5)^2 = 9."""
    from contextlib import contextmanager

    from engine import step_loss
    from engine.data.batches import Batch
    from engine.diffusion import NoiseSchedule, NoisyBatch

    schedule = NoiseSchedule(torch.full((10,), 0.5), "epsilon")
    model = KnownModel(schedule)
    ones = torch.ones(1, 4, 2, 2)
    drawn = NoisyBatch(ones, ones, torch.tensor([3]))
    monkeypatch.setattr(step_loss, "draw_noise", lambda *_: drawn)

    class Still(DreamBooth):
        @contextmanager
        def base_model(self):
            model.worth["toy"] = 5.0
            yield
            model.worth["toy"] = 2.0

    class Batches:
        def __init__(self, caption):
            self.caption = caption

        def batch(self, number, generator):
            return Batch(ones, (self.caption,), torch.zeros(1, 6))

    config = require({
        "dataset": {"folder": "x"}, "loss": {"weighting": "none"}, "method": DREAMBOOTH,
    })  # fmt: skip
    loss_of = StepLoss(
        config,
        Accelerator(cpu=True),
        model,
        Still(config.method, Subject()),
        Batches("zwx"),
        Contexts(model, True, 1),
        ClassBatches(Batches("toy"), 0.5, from_frozen),
    )
    (loss,) = loss_of.of(1, 0)
    assert loss.item() == pytest.approx(4 + 0.5 * (9 if from_frozen else 1))


def test_without_class_pictures_the_target_is_what_the_base_model_would_have_said(tiny_folder):
    bare = load_model(str(tiny_folder))
    method, model = attached(
        tiny_folder, num_class_images=0, prior_weight=1.0, text_learning_rate=1e-5
    )
    with torch.no_grad():
        for _, parameter in method.named_parameters():
            parameter.add_(0.01)
    assert not same(outputs(model), outputs(bare))
    with method.base_model():
        assert same(outputs(model), outputs(bare))
    assert not same(outputs(model), outputs(bare))
    plain, _ = attached(tiny_folder, num_class_images=5)
    assert plain._frozen == {}
    with pytest.raises(RuntimeError, match="no copy"), plain.base_model():
        pass


def test_prior_preservation_keeps_the_class_nearer_to_what_it_was(
    tiny_folder, pictures_folder, tmp_path, live_models
):
    def drift(weight: float) -> float:
        data = tiny_run(
            tiny_folder, pictures_folder, tmp_path, training={"steps": 30},
            method=DREAMBOOTH | {"num_class_images": 0, "prior_weight": weight},
            checkpoints={"every_steps": 0},
        )  # fmt: skip
        require_finished(train(data))
        prompt = "a photo of toy"
        now, was = outputs(live_models[-1], prompt), outputs(load_model(str(tiny_folder)), prompt)
        return float((now["unet"] - was["unet"]).norm())

    assert drift(5.0) < 0.8 * drift(0.0)


def test_averaged_weights_are_what_is_sampled_and_exported(tiny_folder, pictures_folder, tmp_path):
    """With a decay of nearly 1 the average hardly leaves the start, while the weights do."""
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, training={"steps": 5},
        method=DREAMBOOTH | {"prior_weight": 0}, optimizer={"ema_decay": 0.5},
        export={"formats": ["diffusers_folder"], "precision": "fp32"},
    )  # fmt: skip
    trained = require_finished(train(data))
    from engine import checkpoint

    saved, _ = checkpoint.load_latest(trained.folder.path)
    exported = load_model(trained.last.exports[0]).unet.state_dict()
    for name, average in saved.ema.items():
        assert torch.equal(exported[name.removeprefix("unet.")], average)
    assert any(not torch.equal(saved.weights[name], saved.ema[name]) for name in saved.ema)


def test_gathered_batches_move_the_weights_as_one_large_batch_would(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    """The mean of the gradients of two batches is the gradient of their mean loss."""
    from engine.data import batches

    def same_noise(self, number, generator):
        generator.manual_seed(5)
        return original(self, 0, generator)

    original = batches.BatchSource.batch
    monkeypatch.setattr(batches.BatchSource, "batch", same_noise)

    def weights(accumulation: int):
        data = tiny_run(
            tiny_folder, pictures_folder, tmp_path, method=DREAMBOOTH | {"prior_weight": 0},
            training={"steps": 1, "gradient_accumulation": accumulation},
        )  # fmt: skip
        trained = require_finished(train(data))
        return newest_weights(trained.folder), losses(trained.folder)

    once, loss_once = weights(1)
    twice, loss_twice = weights(2)
    assert loss_twice[0][1] == pytest.approx(loss_once[0][1], rel=1e-5)
    for name, tensor in once.items():
        assert torch.allclose(tensor, twice[name], atol=2e-4)

"""A run that goes on from a checkpoint of another shape, or on another base model, says so."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from engine import checkpoint
from engine.checkpoint_errors import CheckpointDoesNotFit, SettingChanged
from engine.control import Control
from engine.dataset_notices import PicturesChanged
from engine.events import Noticed, RunFailed
from engine.generate import ModelCache
from engine.later_exports import export_again, export_step_again
from engine.methods.catalog import METHODS
from engine.models import identity
from engine.notices import BaseModelChanged
from engine.project import RunFolder
from engine.sampler import SampleSettings
from engine.settings import fixed_settings
from engine.strength_and_step import strength_and_step
from tests.conftest import build_tiny_model
from tests.engine_runs import (
    EACH_METHOD,
    config_of,
    require_finished,
    resume,
    stop_after,
    tiny_run,
    train,
)


@pytest.fixture(scope="module")
def stopped(tiny_folder, pictures_folder, tmp_path_factory):
    """Runs of each method that were stopped after step 2, by method; tests work on copies."""
    made: dict[str, RunFolder] = {}

    def of(method: str) -> RunFolder:
        if method not in made:
            runs = tmp_path_factory.mktemp(method)
            own = EACH_METHOD[method] if method != "lora" else {"kind": "lora", "rank": 4}
            data = tiny_run(tiny_folder, pictures_folder, runs, method=own)
            made[method] = require_finished(train(data, stop_after(2))).folder
        return made[method]

    return of


def changed(run: RunFolder, to: Path, changes: dict) -> RunFolder:
    copy = RunFolder(Path(shutil.copytree(run.path, to)))
    config = json.loads(copy.config_path.read_text())
    for key, value in changes.items():
        section, name = key.split(".")
        config[section][name] = value
    copy.config_path.write_text(json.dumps(config))
    return copy


# Method, what is changed, and what must be said.
CHANGED = [
    ("lora", {"method.rank": 16}, "Rank: 4. This run uses 16."),
    ("lora", {"method.alpha": 3.0}, "Alpha: 16.0. This run uses 3.0."),
    ("lora", {"method.algorithm": "loha"}, "Kind of add-on: lora. This run uses loha."),
    ("lora", {"method.conv": True}, "Convolutions too: false. This run uses true."),
    ("lora", {"method.feed_forward": False}, "Feed-forward layers too: true. This run uses false."),
    ("lora", {"method.block_ranks": "mid=8"}, "Ranks by block: . This run uses mid=8."),
    ("lora", {"method.rslora": True}, "Rank-stabilised: false. This run uses true."),
    ("lora", {"method.word_vectors": 2}, "Vectors of a new word: 0. This run uses 2."),
    (
        "lora",
        {"method.text_learning_rate": 1e-4},
        "Text encoder learning rate: 0.0. This run uses 0.0001.",
    ),
    ("lora", {"optimizer.ema_decay": 0.99}, "Averaged weights: 0.0. This run uses 0.99."),
    ("textual_inversion", {"method.num_vectors": 2}, "Vectors: 4. This run uses 2."),
    ("textual_inversion", {"dataset.trigger": "other"}, "Trigger word: zwx. This run uses other."),
    ("hypernetwork", {"method.activation": "relu"}, "Activation: linear. This run uses relu."),
    ("hypernetwork", {"method.self_attention": False}, "Self-attention too: true. This run uses"),
    ("dreambooth", {"method.text_learning_rate": 1e-5}, "Text encoder learning rate: 0.0. This"),
]


@pytest.mark.parametrize(("method", "changes", "said"), CHANGED)
def test_a_setting_that_shapes_what_is_learnt_is_named_with_what_was_and_what_is(
    stopped, tmp_path, method, changes, said
):
    copy = changed(stopped(method), tmp_path / "copy", changes)
    again = resume(copy)
    assert isinstance(again.last, RunFailed), again.last
    assert isinstance(again.last.error, SettingChanged)
    assert f"The checkpoint was written with {said}" in again.last.error.sentence
    last = list(export_again(copy.path, None, "kohya", tmp_path / "x.safetensors"))[-1]
    assert isinstance(last, RunFailed)  # exports go through the same check


def test_another_method_is_named_by_its_title(stopped, tmp_path):
    copy = changed(stopped("lora"), tmp_path / "copy", {})
    config = json.loads(copy.config_path.read_text())
    config["method"] = EACH_METHOD["hypernetwork"]
    copy.config_path.write_text(json.dumps(config))
    error = resume(copy).last.error
    assert isinstance(error, SettingChanged)
    assert "Method: LoRA. This run uses Hypernetwork." in error.sentence


@pytest.mark.parametrize("method", EACH_METHOD)
def test_rates_and_lengths_may_be_changed_before_a_resume(stopped, tmp_path, method):
    changes = {"method.learning_rate": 1e-6, "training.steps": 3, "training.batch_size": 2}
    require_finished(resume(changed(stopped(method), tmp_path / "copy", changes)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method.rank": 16}, "has the shape 4 × "),
        ({"method.algorithm": "loha"}, "it "),
        ({"method.conv": True}, "which this run needs"),
        ({"optimizer.ema_decay": 0.99}, "it lacks averaged weights, which this run needs"),
    ],
)
def test_a_checkpoint_of_an_earlier_imprint_is_judged_by_its_tensors(
    stopped, tmp_path, changes, said
):
    copy = changed(stopped("lora"), tmp_path / "copy", changes)
    without_settings(copy)
    error = resume(copy).last.error
    assert isinstance(error, CheckpointDoesNotFit)
    assert said in error.sentence


def test_a_checkpoint_of_an_earlier_imprint_is_gone_on_from(stopped, tmp_path):
    copy = changed(stopped("lora"), tmp_path / "copy", {})
    without_settings(copy)
    (copy.path / "start.json").write_text('{"started_at": "2026-11-01T10:00:00", "num_images": 3}')
    assert not notices(require_finished(resume(copy)))
    assert json.loads((copy.path / "start.json").read_text())["base_model"]["files"]


def without_settings(run: RunFolder) -> None:
    """As checkpoints were before they kept the settings that shape them."""
    for step in checkpoint.steps_in(run.checkpoints):
        folder = checkpoint.folder_of(run.checkpoints, step)
        state = json.loads((folder / "state.json").read_text())
        del state["made_with"]
        (folder / "state.json").write_text(json.dumps(state))
        manifest = json.loads((folder / checkpoint.MANIFEST).read_text())
        manifest["sha256"]["state.json"] = checkpoint.storage.sha256_of(folder / "state.json")
        (folder / checkpoint.MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize("method", METHODS)
def test_each_method_says_which_of_its_settings_are_fixed(method):
    """A new setting of a method that shapes its weights must be declared so; those that may be
    changed are listed here, so that nobody forgets to think of it."""
    free = {
        "learning_rate", "start_from", "text_until", "prior_weight", "num_class_images",
        "class_prompt", "class_folder", "dropout", "plus_ratio", "word_learning_rate",
        "initializer", "max_norm", "weight_init", "kind",
    }  # fmt: skip
    settings = METHODS[method].settings()
    fixed = {known.key for known in fixed_settings(settings)}
    assert type(settings).model_fields.keys() - fixed <= free


# The base model.


@pytest.fixture
def base(tmp_path) -> Path:
    return build_tiny_model(tmp_path / "base")


def notices(trained) -> list[BaseModelChanged]:
    return [n.notice for n in trained.of(Noticed) if isinstance(n.notice, BaseModelChanged)]


def replace_weights(base: Path, part: str = "unet") -> None:
    """Another model of the same names, shapes, types, sizes and times."""
    for path in (base / part).glob("*.safetensors"):
        before = path.stat()
        tensors = {name: (t * 1.2).to(t.dtype) for name, t in load_file(path).items()}
        save_file(tensors, path, {"format": "pt"})
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size


def one_tensor(base: Path) -> None:
    path = next((base / "vae").glob("*.safetensors"))
    tensors = load_file(path)
    tensors[max(tensors)] += 1
    save_file(tensors, path, {"format": "pt"})


def scheduler(base: Path) -> None:
    path = base / "scheduler/scheduler_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"beta_end": 0.013}))


@pytest.mark.parametrize(
    ("replace", "file"),
    [
        (replace_weights, "unet/diffusion_pytorch_model.safetensors"),
        (lambda base: replace_weights(base, "text_encoder"), "text_encoder/model.safetensors"),
        (one_tensor, "vae/diffusion_pytorch_model.safetensors"),
        (scheduler, "scheduler/scheduler_config.json"),
    ],
)
def test_a_base_model_that_was_replaced_in_place_is_said_at_resume(
    base, pictures_folder, tmp_path, replace, file
):
    run = require_finished(train(tiny_run(base, pictures_folder, tmp_path), stop_after(2))).folder
    replace(base)
    (notice,) = notices(require_finished(resume(run)))
    assert file in notice.sentence
    assert str(base) in notice.sentence


def test_a_run_remembers_how_it_began_over_every_resume(base, pictures_folder, tmp_path):
    """The second resume compares with the start, too, and not with the first resume."""
    pictures = shutil.copytree(pictures_folder, tmp_path / "pictures")
    data = tiny_run(base, pictures, tmp_path / "runs", training={"steps": 6})
    run = require_finished(train(data, stop_after(2))).folder
    began = json.loads((run.path / "start.json").read_text("utf-8"))
    Image.new("RGB", (64, 64), "teal").save(pictures / "one_more.png")
    for step in (4, 6):
        again = require_finished(resume(run, stop_after(step)))
        changed = [e.notice for e in again.of(Noticed) if isinstance(e.notice, PicturesChanged)]
        assert [notice.facts for notice in changed] == [{"came": 1, "went": 0}]
        assert json.loads((run.path / "start.json").read_text("utf-8")) == began


def test_a_base_model_that_was_copied_or_moved_is_the_same(base, pictures_folder, tmp_path):
    run = require_finished(train(tiny_run(base, pictures_folder, tmp_path), stop_after(2))).folder
    moved = shutil.copytree(base, tmp_path / "moved", copy_function=shutil.copyfile)
    shutil.rmtree(base)
    config = json.loads(run.config_path.read_text())
    run.config_path.write_text(json.dumps(config | {"base_model": str(moved)}))
    assert not notices(require_finished(resume(run)))


def test_another_base_model_in_the_settings_is_named_beside_the_first(
    base, pictures_folder, tmp_path
):
    run = require_finished(train(tiny_run(base, pictures_folder, tmp_path), stop_after(2))).folder
    other = shutil.copytree(base, tmp_path / "other")
    replace_weights(other)
    config = json.loads(run.config_path.read_text())
    run.config_path.write_text(json.dumps(config | {"base_model": str(other)}))
    (notice,) = notices(require_finished(resume(run)))
    assert f"began on the base model {base} and goes on with {other}." in notice.sentence


def test_a_model_that_stays_loaded_is_loaded_again_when_its_files_are_replaced(base):
    models = ModelCache()
    first, _ = models.get(str(base))
    assert models.get(str(base))[0] is first
    replace_weights(base)
    second, _ = models.get(str(base))
    assert second is not first
    assert not torch.equal(second.unet.conv_in.weight, first.unet.conv_in.weight)
    scheduler(base)
    assert models.get(str(base))[0] is not second


def test_a_model_that_stays_loaded_outlives_its_files(base):
    """A drive that was pulled is no reason to stop drawing."""
    models = ModelCache()
    first, _ = models.get(str(base))
    shutil.rmtree(base)
    assert models.get(str(base))[0] is first


def test_the_sums_of_a_model_do_not_depend_on_where_it_lies(tmp_path, base):
    sums = identity.sums(str(base))
    assert sums == identity.sums(str(shutil.copytree(base, tmp_path / "copy")))
    assert len(sums) >= 6
    assert identity.stamp(str(tmp_path / "not there")) == ()


def test_the_settings_of_a_checkpoint_are_those_of_its_run(stopped):
    saved, _ = checkpoint.load_latest(stopped("lora").path)
    config = config_of(json.loads(stopped("lora").config_path.read_text()))
    assert saved is not None
    assert saved.made_with["method.rank"] == config.method.rank
    assert saved.made_with["method.kind"] == "lora"
    assert saved.made_with["optimizer.ema_decay"] == 0.0


@pytest.mark.parametrize("job", ["step", "format", "grid"])
def test_a_base_model_that_was_replaced_is_said_at_an_export_and_a_grid(
    base, pictures_folder, tmp_path, job
):
    run = require_finished(train(tiny_run(base, pictures_folder, tmp_path / "runs"))).folder
    wish = SampleSettings(prompt="a zwx toy", width=32, height=32, num_inference_steps=1)

    def told() -> list[str]:
        events = {
            "step": lambda: export_step_again(run.path, 2),
            "format": lambda: export_again(run.path, 2, "diffusers", tmp_path / "x.safetensors"),
            "grid": lambda: strength_and_step(
                run.path, (2,), (1.0,), wish, tmp_path / "grid", Control()
            ),
        }[job]()
        return [
            event.notice.code
            for event in events
            if isinstance(event, Noticed) and isinstance(event.notice, BaseModelChanged)
        ]

    assert told() == []
    replace_weights(base)
    assert told() == ["IM-RUN-08"]

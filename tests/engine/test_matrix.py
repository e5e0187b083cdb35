"""What holds for every method with every model: attach, learn, keep the base, resume, save."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from engine.addons import Addon
from engine.config import RunConfig
from engine.config_file import require
from engine.events import CheckpointSaved, ExportChecked, RunStarted, StepFinished
from engine.formats import checkpoint as checkpoint_format
from engine.formats.catalog import FORMATS
from engine.generate import dressed
from engine.methods.base import Subject
from engine.methods.catalog import build
from engine.models.loader import load_model
from tests.engine_runs import (
    left_by,
    newest_weights,
    require_finished,
    resume,
    stop_after,
    tiny_run,
    train,
)
from tests.method_matrix import (
    SHOWN,
    TRIGGER,
    base_weights,
    every_method,
    every_method_and_model,
    fixed_loss,
    outputs,
    same,
)

pytestmark = pytest.mark.soak


def built(method: dict, data: dict):
    config = require(data | {"method": method})
    return build(config.method, Subject(config.dataset.trigger, config.dataset.class_word))


@every_method_and_model
def test_a_fresh_attach_leaves_every_output_as_it_was(model_folder, method, pictures_folder):
    model = load_model(str(model_folder))
    before = outputs(model)
    attached = built(method, tiny_run(model_folder, pictures_folder, Path("unused")))
    attached.attach(model)
    for training in (False, True):
        attached.set_training(training)
        now = outputs(model)
        assert now.keys() == before.keys()
        for name, tensor in now.items():
            # On some processors a weight that learns goes through another kernel.
            assert torch.allclose(tensor, before[name], rtol=1e-5, atol=1e-6), name


@every_method_and_model
def test_training_lowers_the_loss_at_noise_it_never_saw_and_moves_no_base_weight(
    model_folder, method, pictures_folder, tmp_path, live_models
):
    captions = [f"{TRIGGER} toy, a photo of a toy, number {number}" for number in range(3)]
    fresh = load_model(str(model_folder))
    before = fixed_loss(fresh, pictures_folder, captions)
    training = {"steps": 25, "batch_size": 3}
    data = tiny_run(
        model_folder, pictures_folder, tmp_path, method=method, training=training,
        checkpoints={"every_steps": 0},
    )  # fmt: skip

    require_finished(train(data))

    (live,) = live_models
    live.freeze()  # dropout off
    settings = require(data).method
    trains_text = method.get("text_learning_rate", 0) > 0
    still = {
        name: tensor
        for name, tensor in base_weights(fresh).items()
        if not settings.learns_whole_networks
        or name.startswith("vae.")
        or "token_embedding" in name
        or (name.startswith("text_encoder") and not trains_text)
    }
    moved = base_weights(live)
    assert still
    assert same({name: moved[name] for name in still}, still)
    after = fixed_loss(live, pictures_folder, captions)
    # A few vectors in the prompt move a random network less than weights of its own do.
    assert after < (0.999 if settings.needs_trigger else 0.97) * before
    changed, bare = outputs(live, SHOWN), outputs(fresh, SHOWN)
    assert not torch.equal(changed["unet"], bare["unet"])
    reads_anew = trains_text or settings.needs_trigger
    assert torch.equal(changed["context"], bare["context"]) is not reads_anew


@every_method_and_model
def test_a_run_stopped_twice_ends_as_the_unbroken_run_bit_for_bit(
    model_folder, method, pictures_folder, tmp_path
):
    data = tiny_run(
        model_folder, pictures_folder, tmp_path, method=method,
        training={"steps": 7, "batch_size": 2}, checkpoints={"every_steps": 3},
        sampling={"every_steps": 3},
    )  # fmt: skip
    unbroken = require_finished(train(data))

    first = require_finished(train(data, stop_after(2)))
    second = require_finished(resume(first.folder, stop_after(5)))
    third = require_finished(resume(first.folder))

    assert first.last.stopped_early
    assert second.last.stopped_early
    assert not third.last.stopped_early
    assert [t.of(RunStarted)[0].first_step for t in (first, second, third)] == [0, 2, 5]
    assert left_by(third.folder) == left_by(unbroken.folder)
    assert len(left_by(unbroken.folder)["losses"]) == 7
    assert len(left_by(unbroken.folder)["samples"]) == 8  # steps 0, 3, 6 and 7; two prompts


@every_method_and_model
def test_what_was_saved_comes_back_the_same_in_every_format(
    model_folder, method, pictures_folder, tmp_path, live_models
):
    data = tiny_run(
        model_folder, pictures_folder, tmp_path, method=method, training={"steps": 5},
    )  # fmt: skip
    formats = formats_for(require(data))
    data["export"] = {"formats": formats, "precision": "fp32"}
    trained = require_finished(train(data))
    live_models[0].freeze()  # dropout off
    live = outputs(live_models[0], SHOWN)
    reports = trained.of(ExportChecked)
    assert [report.format for report in reports] == formats
    assert len(trained.last.exports) == len(formats)
    for report in reports:
        assert report.largest_difference < 1e-5
        read_back = outputs_of_export(model_folder, report, reports)
        for name, expected in read_back.items():
            assert (live[name] - expected).norm() < 1e-5 * expected.norm(), report.format
        assert not torch.equal(outputs(load_model(str(model_folder)), SHOWN)["unet"], live["unet"])


def formats_for(config: RunConfig) -> list[str]:
    """Every format that what the method leaves can be written in, for this base model."""
    from engine.models.catalog import locate

    has_two_encoders = len(locate(config.base_model).family.text_prefixes) > 1
    is_plain = getattr(config.method, "algorithm", "lora") == "lora"
    unfit = {"embedding_diffusers"} if has_two_encoders else set()
    unfit |= set() if is_plain else {"diffusers"}
    return [
        name
        for name, entry in FORMATS.items()
        if entry.takes in config.method.leaves and name not in unfit
    ]


def outputs_of_export(
    model_folder: Path, report: ExportChecked, reports: Sequence[ExportChecked]
) -> dict[str, torch.Tensor]:
    """What the base model says with the file, or the file itself where it is a model.

    Where a run leaves several things, one file of each other kind is put on beside it.
    """
    path = Path(report.path)
    if FORMATS[report.format].takes != "model":
        worn = {FORMATS[other.format].takes: other for other in reports}
        worn[FORMATS[report.format].takes] = report
        worn.pop("model", None)
        bare = load_model(str(model_folder))
        with dressed(bare, [Addon(under_its_word(other)) for other in worn.values()]):
            return outputs(bare, SHOWN)
    if path.is_dir():
        return outputs(load_model(str(path)), SHOWN)
    bare = load_model(str(model_folder))
    parts = {part.name: part.module for part in bare.parts()} | {"vae": bare.vae_module()}
    with torch.no_grad():
        for part, name, tensor in checkpoint_format.load(path, bare.configs()):
            own = parts[part].state_dict()
            own[name if name in own else name.removeprefix("text_model.")].copy_(tensor)
    return outputs(bare, SHOWN)


def under_its_word(report: ExportChecked) -> Path:
    """A copy in a folder of its own, named as readers want it: an embedding's word is its name."""
    path = Path(report.path)
    stem = TRIGGER if FORMATS[report.format].takes == "embedding" else path.stem
    named = path.parent / report.format / f"{stem}{path.suffix}"
    named.parent.mkdir(exist_ok=True)
    return Path(shutil.copy(path, named))


@every_method
def test_the_own_weights_come_back_from_a_checkpoint(
    method, tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, method=method)
    trained = require_finished(train(data))
    weights = newest_weights(trained.folder)
    again = built(method, data)
    again.attach(load_model(str(tiny_folder)))
    assert not same(again.state_dict(), weights)
    again.load_state_dict(weights)
    assert same(again.state_dict(), weights)
    with pytest.raises(KeyError, match="another shape"):
        again.load_state_dict(dict(list(weights.items())[1:]))


@every_method
def test_the_same_seed_gives_the_same_run_whatever_came_before(
    method, tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, method=method)
    first = require_finished(train(data))
    torch.manual_seed(12345)
    torch.rand(7)
    second = require_finished(train(data))
    assert left_by(first.folder) == left_by(second.folder)
    other = tiny_run(tiny_folder, pictures_folder, tmp_path, method=method, training={"seed": 1})
    assert left_by(require_finished(train(other)).folder) != left_by(first.folder)


@every_method
def test_each_checkpoint_names_its_step_in_its_folder_and_its_state(
    method, tiny_folder, pictures_folder, tmp_path
):
    trained = train(tiny_run(tiny_folder, pictures_folder, tmp_path, method=method))
    assert [event.step for event in trained.of(StepFinished)] == [1, 2, 3, 4]
    for saved in trained.of(CheckpointSaved):
        folder = Path(saved.path)
        assert folder.name == f"step_{saved.step:06d}"
        assert json.loads((folder / "state.json").read_text())["step"] == saved.step

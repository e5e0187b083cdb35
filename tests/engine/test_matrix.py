"""What holds for every method with every model: attach, learn, keep the base, resume, save."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from engine.addons import Addon, applied
from engine.config_file import require
from engine.events import CheckpointSaved, RunStarted, StepFinished
from engine.formats.catalog import BY_METHOD
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
    base_weights,
    every_method,
    every_method_and_model,
    fixed_loss,
    outputs,
    same,
)


def built(method: dict, data: dict):
    return build(require(data | {"method": method}).method)


@every_method_and_model
def test_a_fresh_attach_leaves_every_output_as_it_was(model_folder, method, pictures_folder):
    model = load_model(str(model_folder))
    before = outputs(model)
    attached = built(method, tiny_run(model_folder, pictures_folder, Path("unused")))
    attached.attach(model)
    for training in (False, True):
        attached.set_training(training)
        assert same(outputs(model), before)


@every_method_and_model
def test_training_lowers_the_loss_at_noise_it_never_saw_and_moves_no_base_weight(
    model_folder, method, pictures_folder, tmp_path, live_models
):
    captions = [f"a photo of a toy, number {number}" for number in range(3)]
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
    assert same(base_weights(live), base_weights(fresh))
    after = fixed_loss(live, pictures_folder, captions)
    assert after < 0.97 * before
    changed = outputs(live)
    assert not torch.equal(changed["unet"], outputs(fresh)["unet"])
    trains_text = method.get("text_learning_rate", 0) > 0
    assert torch.equal(changed["context"], outputs(fresh)["context"]) is not trains_text


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
    formats = BY_METHOD[method["kind"]]
    data = tiny_run(
        model_folder, pictures_folder, tmp_path, method=method,
        training={"steps": 5}, export={"formats": list(formats), "precision": "fp32"},
    )  # fmt: skip
    trained = require_finished(train(data))
    live_models[0].freeze()  # dropout off
    live = outputs(live_models[0])
    assert len(trained.last.exports) == len(formats)
    for path in trained.last.exports:
        bare = load_model(str(model_folder))
        with applied(bare, [Addon(Path(path))]):
            for name, expected in outputs(bare).items():
                assert (outputs(bare)[name] - expected).norm() == 0
                assert (live[name] - expected).norm() < 1e-5 * expected.norm()
        assert not torch.allclose(outputs(bare)["unet"], live["unet"], rtol=1e-4)


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

"""Memory that runs out in a step: the card is pretended to be small, all else is real."""

from __future__ import annotations

import weakref

import pytest
import torch

from engine.errors import OutOfMemory
from engine.events import Noticed, RunFailed, StepFinished
from engine.models.stable_diffusion import StableDiffusion
from engine.notices import LikenessNotMeasured, SampleLeftOut, StepEased
from engine.project import read_metrics
from tests.conftest import draw_pictures
from tests.engine_runs import (
    newest_weights,
    require_finished,
    resume,
    stop_after,
    tiny_run,
    train,
)

BATCH = 2  # of the three pictures


@pytest.fixture
def data(tiny_folder, pictures_folder, tmp_path) -> dict:
    training = {"batch_size": BATCH, "gradient_checkpointing": "off"}
    return tiny_run(tiny_folder, pictures_folder, tmp_path, training=training)


class SmallCard:
    """Has room for so many pictures at a time, and none at all for kept activations."""

    def __init__(self, monkeypatch, room: int, needs_recomputing: bool) -> None:
        self.room, self._needs_recomputing = room, needs_recomputing
        self.seen: list[int] = []
        real = StableDiffusion.predict

        def predict(model, noisy, *more):
            count = len(noisy)
            keeps = not model.unet.is_gradient_checkpointing
            if count > self.room or (keeps and self._needs_recomputing):
                raise torch.OutOfMemoryError("CUDA out of memory")
            self.seen.append(count)
            return real(model, noisy, *more)

        monkeypatch.setattr(StableDiffusion, "predict", predict)


def losses(trained) -> list[float]:
    return [event.loss for event in trained.of(StepFinished)]


def measures(trained) -> list[str]:
    notices = [event.notice for event in trained.of(Noticed)]
    return [str(n.facts["measure"]) for n in notices if isinstance(n, StepEased)]


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (2, ["gradient checkpointing"]),
        (1, ["gradient checkpointing", "the batch in 2 parts"]),
    ],
)
def test_each_rung_is_reached_told_and_learns_the_same(data, monkeypatch, room, expected):
    large = SmallCard(monkeypatch, 99, needs_recomputing=False)
    plain = require_finished(train(data))
    assert max(large.seen) == BATCH
    monkeypatch.undo()
    card = SmallCard(monkeypatch, room, needs_recomputing=True)
    eased = require_finished(train(data))
    assert measures(eased) == expected
    assert losses(eased) == pytest.approx(losses(plain), rel=1e-4)
    assert max(card.seen) == room
    assert sum(card.seen) == sum(large.seen)  # the effective batch is what was asked for
    codes = [line["notice"]["code"] for line in read_metrics(eased.folder.metrics)
             if line["event"] == "Noticed"]  # fmt: skip
    assert codes == ["IM-MEM-06"] * len(expected)


def test_prior_preservation_is_eased_with_its_weight(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    dreambooth = {
        "kind": "dreambooth", "learning_rate": 1e-5, "prior_weight": 0.5, "num_class_images": 2,
    }  # fmt: skip
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, method=dreambooth,
        training={"batch_size": 2, "weights": "fp32"},
    )  # fmt: skip
    data["optimizer"] = {"fused_backward": False}
    plain = require_finished(train(data))
    SmallCard(monkeypatch, 1, needs_recomputing=True)
    eased = require_finished(train(data))
    assert len(measures(eased)) == 2
    assert losses(eased) == pytest.approx(losses(plain), rel=1e-4)


def test_with_dropout_a_step_is_recomputed_but_its_batch_is_never_split(data, monkeypatch):
    """Gradient checkpointing draws the same dropout again; parts of a batch would not."""
    data["method"] = {**data["method"], "dropout": 0.3}
    plain = require_finished(train(data))
    monkeypatch.undo()
    SmallCard(monkeypatch, BATCH, needs_recomputing=True)
    eased = require_finished(train(data))
    assert measures(eased) == ["gradient checkpointing"]
    assert losses(eased) == losses(plain)
    monkeypatch.undo()
    SmallCard(monkeypatch, 1, needs_recomputing=True)
    failed = train(data)
    assert isinstance(failed.last.error, OutOfMemory)
    assert measures(failed) == ["gradient checkpointing"]


def test_a_resumed_run_keeps_the_measures_and_ends_as_the_unbroken_one(data, monkeypatch):
    SmallCard(monkeypatch, 1, needs_recomputing=True)
    unbroken = require_finished(train(data))
    stopped = train(data, stop_after(2))
    monkeypatch.undo()  # there is memory again
    card = SmallCard(monkeypatch, 99, needs_recomputing=False)
    resumed = require_finished(resume(stopped.folder))
    assert max(card.seen) == 1
    assert measures(resumed) == []
    assert losses(resumed) == losses(unbroken)[2:]
    for name, tensor in newest_weights(unbroken.folder).items():
        assert torch.equal(tensor, newest_weights(resumed.folder)[name]), name


def test_a_resumed_run_begins_with_the_measures_and_not_without_memory(data, monkeypatch):
    """The card is as small as before; whole batches fit, so recomputing is all there is."""
    SmallCard(monkeypatch, BATCH, needs_recomputing=True)
    stopped = train(data, stop_after(2))
    assert measures(stopped) == ["gradient checkpointing"]
    assert measures(require_finished(resume(stopped.folder))) == []


def test_a_sample_that_finds_no_memory_costs_the_sample_alone(data, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("engine.sampler._guided", full)
    trained = require_finished(train(data | {"sampling": {"every_steps": 2}}))
    notices = [type(event.notice) for event in trained.of(Noticed)]
    assert notices == [SampleLeftOut] * 3  # before the first step, after two, after four
    assert len(losses(trained)) == 4


def test_parts_of_a_batch_read_captions_as_long_as_those_of_the_whole(data, tmp_path, monkeypatch):
    """A caption of two chunks of tokens beside captions of one."""
    pictures = draw_pictures(tmp_path / "unlike")
    (pictures / "picture0.txt").write_text("a cat" + ", red fur on the grass" * 25)
    data |= {"dataset": data["dataset"] | {"folder": str(pictures)}}
    SmallCard(monkeypatch, 99, needs_recomputing=False)
    whole = require_finished(train(data))
    monkeypatch.undo()
    SmallCard(monkeypatch, 1, needs_recomputing=True)
    eased = require_finished(train(data))
    assert len(measures(eased)) == 2
    assert losses(eased) == pytest.approx(losses(whole), rel=1e-5)


@pytest.mark.parametrize(
    ("after", "left_out"), [(0, [0]), (1, [2, 4])], ids=["before the first step", "later"]
)
def test_likeness_that_finds_no_memory_costs_the_likeness_alone(data, monkeypatch, after, left_out):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    def run_out_of_memory(event, control):
        if isinstance(event, StepFinished) and event.step == after:
            monkeypatch.setattr("engine.sampler._guided", full)

    if after == 0:
        monkeypatch.setattr("engine.sampler._guided", full)
    judged = {"evaluation": {"enabled": True, "num_pictures": 2}, "sampling": {"every_steps": 0}}
    trained = require_finished(train(data | judged, run_out_of_memory))
    notices = [event.notice for event in trained.of(Noticed)]
    missed = [notice.facts["step"] for notice in notices if isinstance(notice, LikenessNotMeasured)]
    assert missed == left_out
    assert len(losses(trained)) == 4
    assert list(trained.folder.exports.iterdir())


def test_the_ladder_ends_in_a_clear_sentence(data, monkeypatch):
    SmallCard(monkeypatch, 0, needs_recomputing=True)
    trained = train(data)
    assert isinstance(trained.last, RunFailed)
    assert isinstance(trained.last.error, OutOfMemory)
    assert "step 1" in trained.last.error.sentence
    assert len(measures(trained)) == 2


def test_a_fused_step_that_moved_weights_already_is_not_taken_again(data, monkeypatch):
    data["optimizer"] = {"fused_backward": True}
    SmallCard(monkeypatch, 1, needs_recomputing=True)
    trained = train(data)
    assert isinstance(trained.last.error, OutOfMemory)
    assert measures(trained) == []


def test_an_optimizer_that_found_no_room_ends_the_run(data, monkeypatch):
    """Some of its weights may have moved: the last checkpoint is what is known to be right."""

    def full(self, cells):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("engine.stepping.Stepper._step_where_sound", full)
    trained = train(data)
    assert isinstance(trained.last.error, OutOfMemory)
    assert measures(trained) == []


@pytest.mark.parametrize(
    "where", ["engine.ema.Ema.update", "engine.methods.lora.method.Lora.after_step"]
)
def test_memory_that_runs_out_after_the_weights_moved_ends_the_run_there(data, monkeypatch, where):
    """A step that is tried again then would be a second step."""
    calls = []

    def full(*_):
        calls.append(1)
        if len(calls) == 3:
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(where, full, raising=False)
    trained = train(data | {"optimizer": {"ema_decay": 0.9}, "checkpoints": {"every_steps": 2}})
    assert isinstance(trained.last, RunFailed)
    assert isinstance(trained.last.error, OutOfMemory)
    assert "step 3" in trained.last.error.sentence
    assert [event.step for event in trained.of(StepFinished)] == [1, 2]
    assert measures(trained) == []
    assert [path.name for path in trained.folder.checkpoints.iterdir()] == ["step_000002"]


def test_what_a_failed_step_held_is_freed_before_the_next_try(data, monkeypatch):
    """Its tensors hang on the traceback of the error; room is looked for after they are gone."""
    held, alive = [], []

    class Large(torch.Tensor):
        pass

    def fail(model, noisy, *more):
        large = torch.zeros(3).as_subclass(Large)
        held.append(weakref.ref(large))
        raise torch.OutOfMemoryError("CUDA out of memory")

    def let_go() -> None:
        alive.append([reference() is not None for reference in held])

    monkeypatch.setattr(StableDiffusion, "predict", fail)
    monkeypatch.setattr("engine.easing.let_go_of_memory", let_go)
    assert isinstance(train(data).last, RunFailed)
    assert len(held) == 3
    assert alive == [[False], [False, False], [False, False, False]]

"""Numbers that are none: no weight is moved by them, no file holds one, and a run goes on or says
why it cannot."""

from __future__ import annotations

import math
import random

import pytest
import torch
from safetensors.torch import load_file

from engine import checkpoint, loop, step_loss
from engine.errors import Diverged
from engine.events import Noticed, RunFailed, RunFinished, StepFinished, StepSkipped, WentBack
from engine.guard import IN_A_ROW, MOST_TIMES_BACK
from engine.movement import NothingLearnt
from engine.notices import SteppedBack, StepsLeftOut
from engine.project import read_metrics
from engine.run_records import load_record
from tests.engine_runs import require_finished, resume, tiny_run, train
from tests.figures import figure

STEPS = 12
INJECTIONS = figure(5, 1_000)
PLACES = ("loss", "gradient", "weights", "latents")


@pytest.fixture
def data(tiny_folder, pictures_folder, tmp_path) -> dict:
    constant = {"schedule": "constant", "warmup": 0.0}
    steps = {"steps": STEPS}
    return tiny_run(tiny_folder, pictures_folder, tmp_path, training=steps, optimizer=constant)


@pytest.fixture
def poisoned(monkeypatch):
    """Call it with the numbers of the losses (1, 2, ...) that become `poison`."""

    def poison(calls, poison=math.nan):
        real, count = step_loss.denoising_loss, 0

        def loss(*arguments):
            nonlocal count
            count += 1
            return real(*arguments) * (poison if count in calls else 1)

        monkeypatch.setattr(step_loss, "denoising_loss", loss)

    return poison


def notices(trained) -> list[type]:
    return [type(event.notice) for event in trained.of(Noticed)]


def require_sound(folder) -> None:
    """Every number in every file of the run is one."""
    files = [*folder.checkpoints.rglob("*.safetensors"), *folder.exports.glob("*.safetensors")]
    for file in files:
        for name, tensor in load_file(file).items():
            assert tensor.isfinite().all(), (file, name)


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_a_single_loss_that_is_no_number_is_left_out_and_the_run_goes_on(data, poisoned, poison):
    poisoned({3}, poison)
    trained = require_finished(train(data))
    assert [event.step for event in trained.of(StepSkipped)] == [3]
    assert [event.step for event in trained.of(StepFinished)] == [1, 2, *range(4, STEPS + 1)]
    assert notices(trained) == [StepsLeftOut]
    require_sound(trained.folder)


@pytest.mark.parametrize("fused", [False, True])
def test_a_step_that_is_left_out_moves_no_weight_by_its_gradient(data, poisoned, fused):
    """At the first step the optimizer remembers nothing, so nothing at all may move."""
    poisoned({1})
    data["training"] |= {"steps": 1}
    data["optimizer"] |= {"fused_backward": fused, "weight_decay": 0.0}
    trained = train(data)
    assert isinstance(trained.last.error, NothingLearnt)
    weights = load_file(checkpoint.folder_of(trained.folder.checkpoints, 1) / "weights.safetensors")
    ups = [tensor for name, tensor in weights.items() if name.endswith(".up")]
    assert ups
    assert all((tensor == 0).all() for tensor in ups)  # as a LoRA begins


def test_three_in_a_row_bring_back_the_last_good_state_at_half_the_rate(data, poisoned):
    poisoned(set(range(7, 7 + IN_A_ROW)))  # steps 7, 8, 9; a checkpoint every second step
    trained = require_finished(train(data))
    assert [(event.step, event.rate_scale) for event in trained.of(WentBack)] == [(6, 0.5)]
    told = next(e.notice for e in trained.of(Noticed) if isinstance(e.notice, SteppedBack))
    assert "step 7" in told.sentence
    assert "from step 6" in told.sentence
    assert "50 %" in told.sentence
    rates = {event.step: event.learning_rate for event in trained.of(StepFinished)}
    assert rates[9] == pytest.approx(rates[6] / 2)
    require_sound(trained.folder)


def test_a_run_that_went_back_is_told_once_in_its_record(data, poisoned):
    """What was taken back stands there once, as it came in the end."""
    poisoned({9, 10, 11})
    trained = require_finished(train(data | {"checkpoints": {"every_steps": 4}}))
    assert [event.step for event in trained.of(WentBack)] == [8]
    lines = read_metrics(trained.folder.metrics)
    steps = [line["step"] for line in lines if line["event"] == "StepFinished"]
    assert steps == list(range(1, STEPS + 1))
    assert load_record(trained.folder) is not None


def test_a_run_that_is_killed_after_it_went_back_goes_on_at_the_lower_rate(data, poisoned):
    poisoned({7, 8, 9})

    def stop(event, control):
        if isinstance(event, StepFinished) and event.step == 11:
            control.stop()

    stopped = train(data, stop)
    assert stopped.of(WentBack)
    again = require_finished(resume(stopped.folder))
    assert again.of(StepFinished)[0].learning_rate == pytest.approx(5e-4)


def test_going_back_has_an_end(data, poisoned):
    poisoned(set(range(7, 1000)))
    trained = train(data)
    assert isinstance(trained.last, RunFailed)
    assert isinstance(trained.last.error, Diverged)
    assert len(trained.of(WentBack)) == MOST_TIMES_BACK
    assert "The last good state is step" in trained.last.error.advice
    require_sound(trained.folder)


def test_a_run_without_a_good_state_ends_with_its_sentence(data, poisoned):
    poisoned(set(range(1, 1000)))
    trained = train(data | {"checkpoints": {"every_steps": 0}})
    assert isinstance(trained.last.error, Diverged)
    assert "off the rails at step 1" in trained.last.error.sentence
    assert read_metrics(trained.folder.metrics)[-1]["event"] == "RunFailed"


def test_weights_that_are_no_numbers_are_not_saved(data, monkeypatch):
    def poison(self):
        next(self.named_parameters())[1].data.fill_(math.nan)

    monkeypatch.setattr("engine.methods.lora.method.Lora.after_step", poison)
    trained = train(data | {"checkpoints": {"every_steps": 1}})
    assert isinstance(trained.last.error, Diverged)
    assert checkpoint.steps_in(trained.folder.checkpoints) == []


@pytest.mark.parametrize("seed", range(INJECTIONS))
def test_whatever_becomes_no_number_no_file_ever_holds_it(data, monkeypatch, seed):
    """R-08: anywhere, at any step, for any number of steps."""
    chance = random.Random(seed)
    place, first = PLACES[seed % len(PLACES)], chance.randint(2, STEPS)
    last = first + chance.choice((0, 1, 2, 3, 6))
    value = chance.choice((math.nan, math.inf, -math.inf))
    count = 0
    real_loss, real_step = step_loss.denoising_loss, loop.Loop._take_step

    def loss(*arguments):
        nonlocal count
        count += 1
        found = real_loss(*arguments)
        hit = first <= count <= last
        if hit and place == "gradient":
            found.register_hook(lambda gradient: gradient * value)
        return found * value if hit and place in ("loss", "latents") else found

    def step(self):
        yield from real_step(self)
        if place == "weights" and count == first:
            parameters = [parameter for _, parameter in self.method.named_parameters()]
            with torch.no_grad():
                chance.choice(parameters).view(-1)[0] = value

    monkeypatch.setattr(step_loss, "denoising_loss", loss)
    monkeypatch.setattr(loop.Loop, "_take_step", step)
    trained = train(data)
    assert isinstance(trained.last, RunFinished) or isinstance(trained.last.error, Diverged)
    assert trained.of(StepSkipped) or trained.of(WentBack) or place == "weights"
    require_sound(trained.folder)

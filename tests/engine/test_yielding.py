"""No generator of the engine holds autocast, swapped weights or a training mode across a yield."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Generator, Iterator
from typing import Any

import pytest
import torch

from engine import captioner, dry_run, generate, later_exports, run, strength_and_step
from engine.addons import Addon
from engine.control import Control
from engine.device import is_running
from engine.events import Event, Heartbeat, Noticed, RunFinished, SampleReady, StepFinished
from engine.loop import Loop
from engine.notices import SteppedBack
from engine.sampler import SampleSettings
from engine.yielding import yield_outside
from tests.caption_models import build_caption_model
from tests.engine_runs import (
    EACH_METHOD,
    config_of,
    left_by,
    require_finished,
    tiny_run,
    train,
)
from tests.figures import SOAK

WISH = SampleSettings(prompt="a zwx toy", width=32, height=32, num_inference_steps=2, seed=3)


class Entered:
    """A context that knows whether it is entered."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.count, self.is_inside, self.seconds = 0, False, seconds

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        self.count += 1
        self.is_inside = True
        try:
            yield
        finally:
            self.is_inside = False


def worker(context: Entered, seen: list[bool]) -> Generator[Event, None, str]:
    try:
        for _ in range(3):
            seen.append(context.is_inside)
            yield Noticed(notice=SteppedBack(step=1, back=0, percent=50))
        return "done"
    finally:
        seen.append(context.is_inside)


def test_the_work_is_done_inside_the_context_and_each_event_is_yielded_outside():
    context, seen, outside, returned = Entered(), [], [], []

    def job() -> Iterator[Event]:
        returned.append((yield from yield_outside(context, worker(context, seen))))

    for _ in job():
        outside.append(context.is_inside)
    assert outside == [False] * 3
    assert seen == [True] * 4
    assert returned == ["done"]


def test_a_generator_that_is_closed_midway_closes_the_work_and_leaves_the_context():
    context, seen = Entered(), []
    events = yield_outside(context, worker(context, seen))
    next(events)
    events.close()
    assert seen == [True, False]
    assert not context.is_inside


def test_an_error_of_the_work_leaves_the_context():
    context = Entered()

    def broken() -> Generator[Event, None, None]:
        yield Heartbeat()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(yield_outside(context, broken()))
    assert not context.is_inside


def test_heartbeats_are_dropped_while_the_work_took_less_time_than_entering(monkeypatch):
    """By a clock that moves when the context is entered (8 s) and at each Heartbeat (1 s)."""
    now = [0.0]
    monkeypatch.setattr("engine.yielding.time.perf_counter", lambda: now[0])

    @contextlib.contextmanager
    def slow() -> Iterator[None]:
        now[0] += 8
        yield

    def work() -> Generator[Event, None, None]:
        for _ in range(20):
            now[0] += 1
            yield Heartbeat()

    assert len(list(yield_outside(slow, work()))) == 2


class Inspector:
    """Looks at all that a yield must leave as it was."""

    def __init__(self) -> None:
        self.looks = 0
        self._step = -1
        self._state: dict[str, str] = {}
        self.loops: list[Loop] = []

    def __call__(self, event: Event, control: Control | None = None) -> None:
        self.looks += 1
        where = f"at {event}"
        assert not torch.is_autocast_enabled("cpu"), where
        assert not torch.is_autocast_enabled("cuda"), where
        assert torch.is_grad_enabled(), where
        assert not torch.is_inference_mode_enabled(), where
        assert torch.get_default_dtype() == torch.float32, where
        assert torch.get_default_device() == torch.device("cpu"), where
        if self.loops:
            self._look_at_the_model(self.loops[-1], where)

    def _look_at_the_model(self, loop: Loop, where: str) -> None:
        """The weights may change from one step to another, and the modes never."""
        nets = getattr(loop.method, "nets", None)  # of a hypernetwork: not in the model
        assert nets is None or not nets.training, where
        state = state_of(loop.model)
        for name, parameter in loop.method.named_parameters():
            state.append((f"learns: {name}", repr(parameter.float().norm().item()), False))
        assert not any(mode for _, _, mode in state), where
        if loop.step != self._step:
            self._step = loop.step
            self._state = {name: digest for name, digest, _ in state}
        assert {name: digest for name, digest, _ in state} == self._state, where


def state_of(model: Any) -> list[tuple[str, str, bool]]:
    """Name, sha256 of the weights and mode of every module of a model; a disabled adapter counts
    as another weight."""
    found = []
    for part in model.parts():
        for name, module in part.module.named_modules():
            digest = hashlib.sha256()
            for tensor in module._parameters.values():
                if tensor is not None:
                    digest.update(tensor.detach().contiguous().view(torch.uint8).numpy())
            digest.update(str(getattr(module, "_disable_adapters", "")).encode())
            found.append((f"{part.name}.{name}", digest.hexdigest(), module.training))
    for word, vectors in sorted(model.text._words.items()):
        digest = hashlib.sha256(repr([v.tolist() for v in vectors.values()]).encode())
        found.append((f"the word {word}", digest.hexdigest(), False))
    return [*found, ("clip skip", str(model.text.clip_skip), False)]


@pytest.fixture
def inspector(monkeypatch) -> Inspector:
    looks = Inspector()
    original = Loop.__post_init__

    def keep(self: Loop) -> None:
        original(self)
        looks.loops.append(self)

    monkeypatch.setattr(Loop, "__post_init__", keep)
    return looks


BUSY = {
    "training": {"precision": "bf16", "steps": 4},
    "optimizer": {"ema_decay": 0.9},
    "sampling": {"every_steps": 2, "num_inference_steps": 2, "prompts": ["a zwx toy"]},
    "evaluation": {"enabled": True, "num_pictures": 2, "use_best": False},
}
RUNS = {
    **{name: {"method": method} for name, method in EACH_METHOD.items()},
    "the frozen model's answers": {
        "method": {"kind": "dreambooth", "num_class_images": 0, "prior_weight": 1.0}
    },
    "schedule-free, weights in bf16": {
        "method": {"kind": "dreambooth", "num_class_images": 2},
        "training": {"precision": "bf16", "weights": "bf16", "steps": 4},
        "optimizer": {"name": "schedulefree_adamw"},
    },
    "averages of weights in bf16": {
        "method": {"kind": "dreambooth", "num_class_images": 2},
        "training": {"precision": "bf16", "weights": "bf16", "steps": 4},
    },
}


@pytest.mark.parametrize("over", RUNS.values(), ids=RUNS)
def test_every_yield_of_a_run_and_of_its_resume_leaves_all_as_it_was(
    over, tiny_folder, pictures_folder, tmp_path, inspector
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", **(BUSY | over))
    asked = []

    def stop_and_ask(event: Event, control: Control) -> None:
        inspector(event, control)
        if isinstance(event, StepFinished) and event.step == 1:
            control.sample_now()
            control.save_now()
        if isinstance(event, SampleReady):
            asked.append(event.step)
        if isinstance(event, StepFinished) and event.step == 3:
            control.stop()

    first = require_finished(train(data, stop_and_ask))
    assert asked[0] == 0 or 1 in asked
    resumed = run.resume(first.folder.path, Control())
    last = None
    for last in resumed:
        inspector(last)
    assert isinstance(last, RunFinished)
    assert inspector.looks > 40
    assert len(inspector.loops) == 2


@pytest.mark.parametrize("method", EACH_METHOD)
def test_every_yield_of_a_dry_run_leaves_all_as_it_was(
    method, tiny_folder, pictures_folder, tmp_path, inspector
):
    over = BUSY | {"method": EACH_METHOD[method]}
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", **over)
    last = None
    for last in dry_run.dry_run(config_of(data), Control()):
        inspector(last)
    assert isinstance(last, RunFinished)
    assert inspector.loops


@pytest.mark.parametrize("method", EACH_METHOD)
def test_every_yield_of_a_short_job_leaves_all_as_it_was(
    method, tiny_folder, pictures_folder, tmp_path, inspector
):
    over = BUSY | {"method": EACH_METHOD[method], "evaluation": {"enabled": False}}
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", **over)
    trained = require_finished(train(data)).folder
    inspector.loops.clear()
    blip = build_caption_model(tmp_path / "blip")
    pictures = {path.stem: path for path in pictures_folder.glob("*.png")}
    out, control = tmp_path / "out", Control()
    addons = () if method == "dreambooth" else (Addon(next(trained.exports.glob("*.*t*"))),)
    request = generate.GenerateRequest(
        base_model=str(tiny_folder), addons=addons, settings=WISH, count=2, folder=out
    )
    jobs: list[Iterator[Event]] = [
        later_exports.export_step_again(trained.path, 2),
        strength_and_step.strength_and_step(trained.path, (2, 4), (0.5,), WISH, out, control),
        generate.generate(request, control),
        captioner.write_captions(captioner.CaptionRequest(blip, pictures), control),
    ]
    for job in jobs:
        last = None
        for last in job:
            inspector(last)
        assert isinstance(last, RunFinished)


@pytest.mark.parametrize("method", EACH_METHOD if SOAK else ("lora", "dreambooth"))
def test_a_run_that_is_closed_at_any_event_leaves_nothing_behind(
    method, tiny_folder, pictures_folder, tmp_path, inspector
):
    """Closed where a picture is drawn, graded, saved: at one event of each kind."""
    over = BUSY | {"method": EACH_METHOD[method]}
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", **over)
    kinds = {kind_of(event) for event in train(data).events}
    for number, kind in enumerate(sorted(kinds)):
        again = config_of(data | {"name": f"closed-{number}"})
        events: Any = run.run(again, Control())
        event = next(event for event in events if kind_of(event) == kind)
        loop = inspector.loops[-1]
        before = state_of(loop.model)
        events.close()
        inspector(event)
        assert state_of(loop.model) == before
        assert not is_running()


def kind_of(event: Event) -> str:
    return f"{type(event).__name__} {getattr(event, 'stage', '')}"


@pytest.mark.parametrize("at", [2, 4, 6])
def test_a_generation_that_is_closed_midway_gives_the_cached_model_back(
    at, tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs")
    trained = require_finished(train(data))
    models = generate.ModelCache()
    before = state_of(models.get(str(tiny_folder))[0])
    request = generate.GenerateRequest(
        base_model=str(tiny_folder), addons=(Addon(trained.export),), settings=WISH,
        folder=tmp_path / "out",
    )  # fmt: skip
    events: Any = generate.generate(request, Control(), models)
    for _ in range(at):
        next(events)
    events.close()
    assert state_of(models.get(str(tiny_folder))[0]) == before
    assert torch.is_grad_enabled()


SHOWN: dict[str, dict[str, Any]] = {
    "averages": {"optimizer": {"ema_decay": 0.5}},
    "schedule-free": {"optimizer": {"name": "schedulefree_adamw"}},
    "both": {"optimizer": {"name": "schedulefree_adamw", "ema_decay": 0.5}},
    "schedule-free, weights in bf16": {
        "method": {"kind": "dreambooth", "num_class_images": 2, "learning_rate": 1e-2},
        "training": {"precision": "bf16", "weights": "bf16"},
        "optimizer": {"name": "schedulefree_adamw"},
        "export": {"precision": "fp32"},
    },
}


@pytest.mark.parametrize("over", SHOWN.values(), ids=SHOWN)
def test_a_step_that_is_exported_again_is_the_file_that_the_run_itself_wrote(
    over, tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, **over)
    trained = require_finished(train(data))
    own = left_by(trained.folder)["exports"]
    shutil.rmtree(trained.folder.exports)
    last = list(later_exports.export_step_again(trained.folder.path, 4))[-1]
    assert isinstance(last, RunFinished), last
    assert left_by(trained.folder)["exports"] == own

"""What the loop promises while it runs: nothing beside the training ever changes it."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch

from engine import checkpoint, loop, run
from engine.control import Control
from engine.errors import OutOfMemory
from engine.events import (
    CheckpointSaved,
    Noticed,
    PausedAt,
    ResumedAt,
    RunFailed,
    RunFinished,
    RunStarted,
    SampleReady,
    Stage,
    StageProgress,
    StepFinished,
    Terminal,
)
from engine.models.stable_diffusion import StableDiffusion
from engine.project import RunFolder, read_metrics
from tests.engine_runs import (
    config_of,
    left_by,
    losses,
    newest_weights,
    require_finished,
    resume,
    stop_after,
    tiny_run,
    train,
)

EVERY_STEP = {"every_steps": 1, "num_inference_steps": 2}
EVERY_SECOND = {"every_steps": 2, "num_inference_steps": 2}


@pytest.fixture
def data(tiny_folder, pictures_folder, tmp_path) -> dict:
    method = {"kind": "lora", "rank": 4, "alpha": 4.0, "learning_rate": 5e-3, "dropout": 0.1}
    return tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", method=method)


def without_samples(left: dict) -> dict:
    return {name: value for name, value in left.items() if name != "samples"}


def test_samples_do_not_touch_the_training(data):
    plain = left_by(require_finished(train(data)).folder)
    sampled = left_by(require_finished(train(data | {"sampling": EVERY_STEP})).folder)
    assert len(sampled["samples"]) == 10
    assert not plain["samples"]
    assert without_samples(sampled) == without_samples(plain)


def test_wishes_do_not_touch_the_training(data):
    paused_for = []

    def watch(event, control: Control):
        if isinstance(event, StepFinished) and event.step == 2:
            control.pause()
            control.save_now()
            control.sample_now()
        if isinstance(event, PausedAt):
            paused_for.append(event.step)
            control.resume()

    plain = left_by(require_finished(train(data)).folder)
    trained = require_finished(train(data, watch))
    assert paused_for == [2]
    assert [event.step for event in trained.of(ResumedAt)] == [2]
    assert {event.step for event in trained.of(SampleReady)} == {2}
    assert without_samples(left_by(trained.folder)) == without_samples(plain)


def test_a_paused_run_still_saves_samples_and_stops(data):
    heartbeats = 0

    def watch(event, control: Control):
        nonlocal heartbeats
        if isinstance(event, StepFinished) and event.step == 1:
            control.pause()
        if isinstance(event, PausedAt):
            control.save_now()
            control.sample_now()
        if type(event).__name__ == "Heartbeat":
            heartbeats += 1
            if heartbeats > 6:
                control.stop()

    trained = require_finished(train(data, watch))
    assert trained.last.steps == 1
    assert trained.last.stopped_early
    assert [event.step for event in trained.of(CheckpointSaved)] == [1]
    assert len(trained.of(SampleReady)) == 2


def test_accumulated_batches_are_averaged_not_summed(data, monkeypatch):
    """With one picture and no randomness left, two halves are the same as one whole."""
    monkeypatch.setattr("engine.step_loss.seed_everything", lambda *keys: loop_generator())

    def loop_generator():
        torch.manual_seed(5)
        return torch.Generator().manual_seed(5)

    method = data["method"] | {"dropout": 0.0}
    base = data | {"method": method, "checkpoints": {"every_steps": 0}}
    one_shape = base["training"] | {"steps": 3}
    monkeypatch.setattr(
        "engine.data.batches.BatchSource._order", lambda self, epoch: [[0]], raising=True
    )
    single = require_finished(train(base | {"training": one_shape}))
    double = require_finished(train(base | {"training": one_shape | {"gradient_accumulation": 2}}))
    left, right = newest_weights(single.folder), newest_weights(double.folder)
    for name, tensor in left.items():
        assert torch.allclose(tensor, right[name], atol=1e-5)
    assert [loss for _, loss, _ in losses(single.folder)] == pytest.approx(
        [loss for _, loss, _ in losses(double.folder)], rel=1e-5
    )


def test_accumulation_sees_every_picture_once_an_epoch(data, monkeypatch):
    seen: list[tuple[str, ...]] = []
    original = loop.Contexts.get

    def watch(self, captions, num_chunks):
        seen.append(captions)
        return original(self, captions, num_chunks)

    monkeypatch.setattr(loop.Contexts, "get", watch)
    training = data["training"] | {"steps": 3, "gradient_accumulation": 2}
    require_finished(train(data | {"training": training}))
    assert len(seen) == 6
    assert len(set(seen[:3])) == len(set(seen[3:])) == 3


def test_every_stream_ends_with_exactly_one_terminal_event_and_is_written_down(data):
    trained = require_finished(train(data | {"sampling": EVERY_SECOND}))
    terminal = [event for event in trained.events if isinstance(event, Terminal)]
    assert terminal == [trained.last]
    lines = read_metrics(trained.folder.metrics)
    assert [line["event"] for line in lines].count("RunFinished") == 1
    assert lines[-1]["event"] == "RunFinished"
    assert [line["step"] for line in lines if line["event"] == "StepFinished"] == [1, 2, 3, 4]
    written = [line["event"] for line in lines]
    told = [
        type(event).__name__
        for event in trained.events
        if type(event).__name__ not in ("Heartbeat", "StageProgress")
    ]
    assert written == told


def test_stop_before_the_first_step_leaves_a_run_that_can_go_on(data):
    def watch(event, control: Control):
        if isinstance(event, RunStarted):
            control.stop()

    stopped = require_finished(train(data, watch))
    assert (stopped.last.steps, stopped.last.stopped_early) == (0, True)
    again = require_finished(resume(stopped.folder))
    assert left_by(again.folder) == left_by(require_finished(train(data)).folder)


def test_stop_while_pictures_are_prepared_ends_at_once_and_the_run_can_go_on(data):
    def watch(event, control: Control):
        if isinstance(event, StageProgress) and event.stage is Stage.CACHE_LATENTS:
            control.stop()

    stopped = train(data, watch)
    assert stopped.last == RunFinished(steps=0, stopped_early=True, exports=())
    assert sum(isinstance(event, StageProgress) for event in stopped.events) < 7
    (folder,) = Path(data["runs_folder"]).iterdir()
    assert read_metrics(RunFolder(folder).metrics)[-1]["event"] == "RunFinished"
    again = require_finished(resume(RunFolder(folder)))
    assert left_by(again.folder) == left_by(require_finished(train(data)).folder)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("engine.assembly.load_model", "loading the model"),
        ("engine.models.stable_diffusion.StableDiffusion.encode_images", "preparing the pictures"),
        ("engine.step_loss.StepLoss._predict", "step 1"),
    ],
)
@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA"), RuntimeError("[x] can't allocate memory: 5 bytes")]
)
def test_memory_that_runs_out_gets_a_sentence_wherever_it_does(
    data, monkeypatch, place, said, error
):
    def run_out(*_, **__):
        raise error

    monkeypatch.setattr(place, run_out)
    failed = train(data | {"sampling": EVERY_SECOND})
    assert isinstance(failed.last, RunFailed)
    assert isinstance(failed.last.error, OutOfMemory)
    assert said in failed.last.error.sentence
    assert "Lower the resolution" in failed.last.error.advice


def test_a_samples_folder_that_cannot_be_written_costs_the_pictures_not_the_training(data):
    def watch(event, control: Control):
        if isinstance(event, RunStarted):
            Path(event.folder, "samples").write_text("in the way", encoding="utf-8")

    trained = require_finished(train(data | {"sampling": EVERY_SECOND}, watch))
    assert trained.last.steps == 4
    notices = [event.notice for event in trained.of(Noticed)]
    assert len(notices) == 6
    assert all("A sample picture could not be written" in notice.sentence for notice in notices)


def test_stop_between_two_samples_leaves_the_second_to_the_resumed_run(data):
    data = data | {"sampling": EVERY_SECOND}

    def watch(event, control: Control):
        if isinstance(event, SampleReady) and event.step == 2:
            control.stop()

    stopped = require_finished(train(data, watch))
    assert len(list(stopped.folder.samples.glob("step_000002*"))) == 1
    again = require_finished(resume(stopped.folder))
    assert left_by(again.folder) == left_by(require_finished(train(data)).folder)
    told = [n["path"] for n in read_metrics(again.folder.metrics) if n["event"] == "SampleReady"]
    assert len(told) == len(set(told))


def test_samples_that_a_kill_left_out_are_made_by_the_resumed_run(data):
    """A kill between the save and the samples of one step."""
    data = data | {"sampling": EVERY_SECOND}
    trained = require_finished(train(data))
    before = left_by(trained.folder)
    for path in trained.folder.samples.glob("step_000004*"):
        path.unlink()
    require_finished(resume(trained.folder))
    assert left_by(trained.folder) == before


def test_what_was_lost_in_a_crash_is_told_once(data):
    data = data | {
        "sampling": EVERY_STEP,
        "checkpoints": {"every_steps": 2},
    }
    running = run.run(config_of(data), Control())
    for event in running:
        if isinstance(event, RunStarted):
            folder = RunFolder(Path(event.folder))
        if isinstance(event, SampleReady) and event.step == 3:
            break
    running.close()  # as a kill would: step 3 is in metrics.jsonl, its checkpoint is not there

    again = require_finished(resume(folder))
    assert again.of(RunStarted)[0].first_step == 2
    assert [step for step, _, _ in losses(again.folder)] == [1, 2, 3, 4]
    lines = read_metrics(again.folder.metrics)
    told = [line["path"] for line in lines if line["event"] in ("SampleReady", "CheckpointSaved")]
    assert len(told) == len(set(told)) == 10 + 2


def test_a_finished_run_that_is_resumed_trains_no_step(data):
    first = require_finished(train(data))
    before = left_by(first.folder)
    again = require_finished(resume(first.folder))
    assert not again.of(StepFinished)
    assert left_by(again.folder) == before


def test_old_checkpoints_go_and_the_newest_stay(data):
    data = data | {"checkpoints": {"every_steps": 1, "keep": 2}}
    trained = require_finished(train(data))
    assert checkpoint.steps_in(trained.folder.checkpoints) == [3, 4]


def test_two_runs_of_another_precision_follow_each_other_in_one_process(data):
    for precision in ("fp32", "bf16", "fp32"):
        training = data["training"] | {"steps": 2, "precision": precision}
        trained = train(data | {"training": training, "sampling": EVERY_SECOND})
        assert isinstance(trained.last, RunFinished), trained.last
        assert all(t.dtype == torch.float32 for t in newest_weights(trained.folder).values())


def test_the_text_encoder_is_asked_once_a_caption_while_it_does_not_learn(
    data, monkeypatch, live_models
):
    asked = []
    original = StableDiffusion.encode_prompts
    monkeypatch.setattr(
        StableDiffusion,
        "encode_prompts",
        lambda self, prompts, **more: (
            asked.append(tuple(prompts)) or original(self, prompts, **more)
        ),
    )
    require_finished(train(data | {"training": data["training"] | {"steps": 8}}))
    assert len(asked) == 3
    asked.clear()
    learning = data["method"] | {"text_learning_rate": 1e-4}
    require_finished(train(data | {"method": learning, "training": data["training"]}))
    assert len(asked) == 4


def test_an_export_is_what_the_newest_checkpoint_holds(data, live_models):
    trained = require_finished(train(data, stop_after(3)))
    tensors = safetensors.torch.load_file(trained.export)
    weights = newest_weights(trained.folder)
    downs = [tensor for name, tensor in weights.items() if name.endswith(".down")]
    assert len(tensors) == 3 * len(downs)
    by_sum = sorted(t.sum().item() for n, t in tensors.items() if n.endswith("lora_down.weight"))
    assert by_sum == pytest.approx(sorted(tensor.sum().item() for tensor in downs))


def test_contexts_that_are_forgotten_for_room_are_not_those_of_the_batch_in_work(
    tiny_folder, monkeypatch
):
    from engine.models.loader import load_model

    monkeypatch.setattr("engine.contexts.KEPT_CONTEXTS", 3)
    model = load_model(str(tiny_folder))
    contexts = loop.Contexts(model, learns=False, max_chunks=1)
    for batch in (("a", "b"), ("b", "c"), ("c", "d", "e", "f"), ("a", "f")):
        expected = torch.cat([model.encode_prompts([text]).tokens for text in batch])
        assert torch.equal(contexts.get(batch, 1).tokens, expected)
        assert len(contexts._known) <= max(3, len(batch))

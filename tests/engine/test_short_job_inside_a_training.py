"""A short job between two steps of a training leaves the training as it is, bit for bit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState, PartialState

from engine import device, fit, generate, later_exports, run, strength_and_step
from engine.addons import Addon
from engine.captioner import CaptionRequest, write_captions
from engine.config import TrainingSettings
from engine.control import Control
from engine.device import Compute, is_running, run_accelerator
from engine.events import Event, Noticed, RunFinished, StepFinished
from engine.project import RunFolder
from engine.prompt_notices import GridBesideTraining, GridWaits
from engine.sampler import SampleSettings
from tests.caption_models import build_caption_model
from tests.engine_runs import EACH_METHOD, left_by, require_finished, tiny_run, train

TAKES_LONG = True  # for few tests: see tests/conftest.py

WISH = SampleSettings(prompt="a zwx toy", width=32, height=32, num_inference_steps=2, seed=3)
each_method = pytest.mark.parametrize("method", EACH_METHOD)
META = torch.device("meta")


@dataclass(frozen=True, slots=True)
class Material:
    """What short jobs work with: a finished run, a folder of pictures, a captioning model."""

    run: RunFolder
    base: Path
    pictures: Path
    captioner: Path
    out: Path


Job = Callable[[Material], Iterator[Event]]


def export_step(given: Material) -> Iterator[Event]:
    return later_exports.export_step_again(given.run.path, 2)


def export_other_format(given: Material) -> Iterator[Event]:
    name, suffix = {
        "lora": ("diffusers", ".safetensors"),
        "dreambooth": ("checkpoint", ".safetensors"),
        "textual_inversion": ("embedding_a1111", ".pt"),
        "hypernetwork": ("hypernetwork", ".pt"),
    }[_kind(given)]
    return later_exports.export_again(given.run.path, None, name, given.out / f"again{suffix}")


def draw_grid(given: Material) -> Iterator[Event]:
    return strength_and_step.strength_and_step(
        given.run.path, (2, 4), (0.5, 1.0), WISH, given.out / "grid", Control()
    )


def draw_picture(given: Material) -> Iterator[Event]:
    files = [] if _kind(given) == "dreambooth" else sorted(given.run.exports.iterdir())
    weight = 1.0 if _kind(given) == "textual_inversion" else 0.7  # an embedding has none of its own
    addons = tuple(Addon(path, weight) for path in files if path.suffix in {".safetensors", ".pt"})
    request = generate.GenerateRequest(
        base_model=str(given.base), addons=addons, settings=WISH, folder=given.out / "drawn"
    )
    return generate.generate(request, Control())


def write_caption(given: Material) -> Iterator[Event]:
    pictures = {path.stem: path for path in given.pictures.glob("*.png")}
    return write_captions(CaptionRequest(given.captioner, pictures), Control())


def check_fit(given: Material) -> Iterator[Event]:
    drafts = {_kind(given): tiny_run(given.base, given.pictures, given.out)}
    return fit.method_fits(drafts, Control())


SHORT_JOBS = (
    export_step, export_other_format, draw_grid, draw_picture, write_caption, check_fit
)  # fmt: skip


def _kind(given: Material) -> str:
    from engine import config_file

    return config_file.require(config_file.read(given.run.config_path)).method.kind


@pytest.fixture(scope="module")
def captioner(tmp_path_factory) -> Path:
    return build_caption_model(tmp_path_factory.mktemp("captioner") / "blip")


def settings_of(method: str, base: Path, pictures: Path, runs: Path, **over: Any) -> dict:
    """In bf16, so that what a short job leaves behind (fp32 on a CPU) would be seen; with averaged
    weights, samples and the judge, so that there is something to swap."""
    defaults: dict[str, Any] = {
        "method": EACH_METHOD[method],
        "training": {"precision": "bf16"},
        "optimizer": {"ema_decay": 0.9},
        "sampling": {"every_steps": 2, "num_inference_steps": 2, "prompts": ["a zwx toy"]},
    }
    return tiny_run(base, pictures, runs, **(defaults | over))


@contextlib.contextmanager
def stand_in_device() -> Iterator[None]:
    """The device of the living Accelerator is one that nothing else would choose. A job that asks
    accelerate, or makes an Accelerator of its own, would compute there or put "cpu" there."""
    shared = AcceleratorState._shared_state
    own, shared["device"] = shared["device"], META
    before = dict(shared), dict(PartialState._shared_state)
    try:
        yield
        assert (dict(AcceleratorState._shared_state), dict(PartialState._shared_state)) == before
        assert AcceleratorState._shared_state is shared
    finally:
        shared["device"] = own


@each_method
def test_a_training_ends_bit_for_bit_as_without_the_short_jobs(
    method, tiny_folder, pictures_folder, captioner, tmp_path
):
    data = settings_of(method, tiny_folder, pictures_folder, tmp_path / "runs")
    alone = require_finished(train(data)).folder
    expected = left_by(alone)
    given = Material(alone, tiny_folder, pictures_folder, captioner, tmp_path)
    ended: list[Event] = []

    def between_steps(event: Event, control: Control) -> None:
        if isinstance(event, StepFinished) and event.step in (1, 3):
            for job in SHORT_JOBS:
                with stand_in_device():
                    ended.append(list(job(given))[-1])

    disturbed = require_finished(train(data, between_steps)).folder
    assert len(ended) == 2 * len(SHORT_JOBS)
    assert [event for event in ended if not isinstance(event, RunFinished)] == []
    assert left_by(disturbed) == expected


def test_a_second_accelerator_is_refused_while_a_run_has_one_and_after_it_there_may_be_another():
    training = TrainingSettings(device="cpu", precision="bf16")
    with run_accelerator(training) as first:
        assert is_running()
        with (
            pytest.raises(RuntimeError, match="still using"),
            run_accelerator(TrainingSettings(device="cpu")),
        ):
            pass
        assert first.mixed_precision == "bf16"
        assert is_running()
    assert not is_running()
    with run_accelerator(TrainingSettings(device="cpu", precision="fp32")) as second:
        assert second.mixed_precision == "no"


def test_a_run_that_is_dropped_midway_lets_go_of_its_accelerator(
    tiny_folder, pictures_folder, tmp_path
):
    from tests.engine_runs import config_of

    events = run.run(config_of(tiny_run(tiny_folder, pictures_folder, tmp_path)), Control())
    next(event for event in events if isinstance(event, StepFinished))
    assert is_running()
    events.close()
    assert not is_running()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_grid_is_drawn_on_the_device_and_in_the_precision_of_the_run(
    precision, tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path / "runs", training={"precision": precision}
    )
    trained = require_finished(train(data)).folder
    loaded, painted = [], []

    def to(model: Any, where: torch.device, dtype: torch.dtype) -> None:
        loaded.append((where, dtype))
        on_the_cpu(model, torch.device("cpu"), dtype)

    def paint(
        model: Any, settings: Any, where: torch.device, control: Control
    ) -> Generator[Event, None, Any]:
        painted.append((where, torch.is_autocast_enabled("cpu")))
        return (yield from really_paint(model, settings, torch.device("cpu"), control))

    from engine.models.stable_diffusion import StableDiffusion

    on_the_cpu, really_paint = StableDiffusion.to, strength_and_step.paint_unless_stopped
    stand_in = Compute(torch.device("cpu", 0), precision)  # prints as another device than "cpu"
    monkeypatch.setattr(Compute, "of", classmethod(lambda cls, training: stand_in))
    monkeypatch.setattr(StableDiffusion, "to", to)
    monkeypatch.setattr(strength_and_step, "paint_unless_stopped", paint)
    given = Material(trained, tiny_folder, pictures_folder, tmp_path, tmp_path / "out")
    assert isinstance(list(draw_grid(given))[-1], RunFinished)
    assert loaded == [(stand_in.device, device.DTYPES[precision])]  # once for all pictures
    assert painted == [(stand_in.device, precision == "bf16")] * 4


def test_the_grid_says_that_it_shares_the_device_with_a_training(
    tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs")
    trained = require_finished(train(data)).folder
    given = Material(trained, tiny_folder, pictures_folder, tmp_path, tmp_path / "out")
    assert not [event for event in draw_grid(given) if isinstance(event, Noticed)]
    with run_accelerator(TrainingSettings(device="cpu")):
        said = [event.notice for event in draw_grid(given) if isinstance(event, Noticed)]
    assert [type(notice) for notice in said] == [GridBesideTraining]


def test_a_grid_without_memory_for_a_second_model_waits_until_the_training_ends(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs")
    trained = require_finished(train(data)).folder
    given = Material(trained, tiny_folder, pictures_folder, tmp_path, tmp_path / "out")
    monkeypatch.setattr(strength_and_step, "BYTES_A_PIXEL", 2**40)
    events = draw_grid(given)
    with run_accelerator(TrainingSettings(device="cpu")):
        first = next(events)
        assert isinstance(first, Noticed)
        assert isinstance(first.notice, GridWaits)
        waiting = [type(next(events)).__name__ for _ in range(50)]
    assert waiting == ["Heartbeat"] * 50
    assert isinstance(list(events)[-1], RunFinished)


def test_a_textual_inversion_is_drawn_once_a_step_by_the_word_of_the_prompt(
    tiny_folder, pictures_folder, tmp_path
):
    from PIL import Image

    from engine.events import ImageGenerated

    method = EACH_METHOD["textual_inversion"] | {"learning_rate": 1.0}
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", method=method)
    trained = require_finished(train(data)).folder
    given = Material(trained, tiny_folder, pictures_folder, tmp_path, tmp_path / "out")
    drawn = [Path(e.path) for e in draw_grid(given) if isinstance(e, ImageGenerated)]
    assert len(drawn) == 2
    assert Image.open(drawn[0]).tobytes() != Image.open(drawn[1]).tobytes()

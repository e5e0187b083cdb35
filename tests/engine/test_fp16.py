"""fp16 training: one decision for the whole step, by torch's own GradScaler, on the CPU.

The scaler is real; only the arithmetic is fp32, which a CPU has. Scales are powers of two, so
scaling and unscaling change no bit.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor

from engine.events import Noticed, RunFailed, StepFinished, StepSkipped, WentBack
from engine.optimizers import OPTIMIZERS
from engine.stepping import Stepper
from tests.conftest import ROOT
from tests.engine.test_stepping import written_and_read
from tests.engine_runs import require_finished, tiny_run, train
from tests.small_net import ON_CPU, Net, moved, require_equal, stepper_of, take, weights_of
from tests.timing import PATIENCE

SCALE = 2.0**16


def scaled_accelerator(scale: float = SCALE, **options: Any) -> Any:
    """What accelerate makes for fp16 on a card, on the processor."""
    accelerator: Any = Accelerator(cpu=True)
    accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=scale, **options)
    return accelerator


class Overflow:
    """Lets the gradient of one weight overflow, as fp16 does, in the steps that are named."""

    def __init__(self, weight: Tensor, value: float = float("inf")) -> None:
        self.now, self._value = False, value
        weight.register_hook(lambda gradient: gradient * self._value if self.now else gradient)


def everything_known(stepper) -> dict[str, Any]:
    """The optimizers' state, without the loss scale, as it would be written."""
    state = written_and_read(stepper)
    state["param_groups"][0].pop("scaler", None)
    return state


def require_same_state(one: Any, other: Any) -> None:
    if isinstance(one, Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            require_same_state(one[key], other[key])
    else:
        assert one == other


@pytest.mark.parametrize("max_grad_norm", [0, 0.1, 1.0])
@pytest.mark.parametrize("name", ON_CPU)
def test_a_scaled_run_is_the_unscaled_one_bit_for_bit(name, max_grad_norm):
    plain, scaled = Net(), Net()
    settings = {"name": name, "max_grad_norm": max_grad_norm}
    take(stepper_of(plain, Accelerator(cpu=True), **settings), plain, 1, 2, 3, 4)
    accelerator = scaled_accelerator()
    take(stepper_of(scaled, accelerator, **settings), scaled, 1, 2, 3, 4)
    require_equal(scaled, plain)
    assert accelerator.scaler.get_scale() == SCALE


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("value", [float("inf"), float("nan")])
@pytest.mark.parametrize("layer", ["conv", "linear"])  # one of each group
@pytest.mark.parametrize("name", ON_CPU)
def test_an_overflow_in_one_gradient_skips_the_whole_step(name, layer, value, scaled):
    net, accelerator = Net(), scaled_accelerator() if scaled else Accelerator(cpu=True)
    stepper = stepper_of(net, accelerator, name=name)
    take(stepper, net, 1, 2)
    overflow = Overflow(getattr(net, layer).weight, value)
    before, known = weights_of(net), everything_known(stepper)
    overflow.now = True
    take(stepper, net, 3)
    assert not stepper.sound
    assert moved(net, before) == set()
    require_same_state(everything_known(stepper), known)
    if scaled:
        assert accelerator.scaler.get_scale() == SCALE / 2  # lowered once, not once a group
    assert all(parameter.grad is None for parameter in net.parameters())
    overflow.now = False
    take(stepper, net, 4)
    assert stepper.sound
    assert moved(net, before)


@pytest.mark.parametrize("name", ON_CPU)
def test_a_run_with_a_skipped_step_is_the_run_without_that_step(name):
    skipping, without = Net(), Net()
    overflow = Overflow(skipping.linear.bias)
    one = stepper_of(skipping, scaled_accelerator(), name=name)
    other = stepper_of(without, scaled_accelerator(), name=name)
    take(one, skipping, 1, 2)
    overflow.now = True
    take(one, skipping, 3)
    overflow.now = False
    take(one, skipping, 4, 5)
    take(other, without, 1, 2, 4, 5)
    require_equal(skipping, without)


@pytest.mark.parametrize("name", ON_CPU)
def test_a_run_that_goes_on_after_a_skipped_step_is_the_unbroken_run(name):
    net, resumed, accelerator = Net(), Net(), scaled_accelerator()
    overflow = Overflow(net.conv.weight)
    stepper = stepper_of(net, scaled_accelerator(), name=name)
    take(stepper, net, 1)
    overflow.now = True
    take(stepper, net, 2)
    overflow.now = False
    state = written_and_read(stepper)
    resumed.load_state_dict(net.state_dict())
    again = stepper_of(resumed, accelerator, name=name)
    again.load_state_dict(state)
    for one, other in ((stepper, net), (again, resumed)):
        take(one, other, 3, 4)
    require_equal(resumed, net)
    assert accelerator.scaler.get_scale() == SCALE / 2


def test_a_group_that_stands_still_does_not_stop_the_scaler():
    net, accelerator = Net(), scaled_accelerator(growth_interval=1)
    take(stepper_of(net, accelerator, until=0.5), net, 1, 2, 3, 4, 5)
    assert accelerator.scaler.get_scale() == SCALE * 2**5


def test_every_optimizer_for_a_processor_is_tried():
    assert set(ON_CPU) == set(OPTIMIZERS) - {"adamw_8bit"}


# Two processes


def train_as_one_of_two(folder: Path) -> None:
    """Only the second process's gradient overflows, and only in its second step."""
    accelerator = scaled_accelerator()
    rank, net = accelerator.process_index, Net()
    overflow = Overflow(net.conv.weight)
    stepper = stepper_of(net, accelerator)
    told = []
    for step in (1, 2, 3):
        overflow.now = rank == 1 and step == 2
        before = weights_of(net)
        stepper.begin(step)
        stepper.backward(net.loss(100 * rank + step))
        stepper.end()
        told.append((bool(stepper.sound), len(moved(net, before)), accelerator.scaler.get_scale()))
    torch.save({"told": told, "weights": net.state_dict()}, folder / f"rank{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_an_overflow_in_one_process_skips_the_step_in_all(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "WORLD_SIZE": "2",
              "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "PYTHONPATH": str(ROOT)}  # fmt: skip
    ranks = [
        subprocess.Popen(
            [sys.executable, __file__, str(tmp_path)],
            env=os.environ | common | {"RANK": rank, "LOCAL_RANK": rank},
            cwd=ROOT, stderr=subprocess.PIPE, text=True,
        )
        for rank in "01"
    ]  # fmt: skip
    for process in ranks:
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
    first, second = (torch.load(tmp_path / f"rank{rank}.pt") for rank in "01")
    assert first["told"] == [(True, 8, SCALE), (False, 0, SCALE / 2), (True, 8, SCALE / 2)]
    assert first["told"] == second["told"]
    for name, tensor in first["weights"].items():
        assert torch.equal(tensor, second["weights"][name]), name


# A whole run


@pytest.fixture
def scaled(monkeypatch):
    """Runs begin at this loss scale."""

    def begin_at(scale: float) -> Any:
        accelerator = scaled_accelerator(scale)
        monkeypatch.setattr("engine.run.run_accelerator", lambda training: nullcontext(accelerator))
        return accelerator.scaler

    return begin_at


@pytest.fixture
def data(tiny_folder, pictures_folder, tmp_path) -> dict:
    training = {"steps": 40}
    return tiny_run(tiny_folder, pictures_folder, tmp_path, training=training)


def test_a_scale_that_begins_too_high_is_lowered_and_is_no_fault_of_the_training(
    data, scaled, monkeypatch
):
    real = Stepper._share_gradients

    def through_fp16(stepper):
        for weight in stepper.parameters:
            weight.grad = weight.grad.half().float()
        real(stepper)

    monkeypatch.setattr(Stepper, "_share_gradients", through_fp16)
    scaled(2.0**40)
    trained = require_finished(train(data))
    skipped = trained.of(StepSkipped)
    assert len(skipped) > 3  # more than the guard would bear
    assert [event.step for event in skipped] == list(range(1, len(skipped) + 1))
    assert all(event.rescaled for event in skipped)
    assert len(trained.of(StepFinished)) == 40 - len(skipped)
    assert trained.of(WentBack) == []
    assert [event for event in trained.of(Noticed) if event.notice.code == "IM-TRN-05"] == []


def test_gradients_that_overflow_at_every_scale_are_a_fault_of_the_training(
    data, scaled, monkeypatch
):
    scaler = scaled(2.0)
    real = Accelerator.backward

    def backward(accelerator, loss, **more):
        return real(accelerator, loss * torch.tensor(float("inf")), **more)

    monkeypatch.setattr(Accelerator, "backward", backward)
    failed = train(data)
    skipped = failed.of(StepSkipped)
    assert [event.rescaled for event in skipped[:2]] == [True, False]
    assert isinstance(failed.last, RunFailed)
    assert failed.last.error.code == "IM-TRN-01"
    assert scaler.get_scale() < 1


def test_a_loss_that_is_nan_counts_at_any_scale(data, scaled, monkeypatch):
    scaled(SCALE)
    monkeypatch.setattr(
        "engine.step_loss.denoising_loss", lambda prediction, *_: prediction.sum() * float("nan")
    )
    failed = train(data)
    assert not any(event.rescaled for event in failed.of(StepSkipped))
    assert failed.last.error.code == "IM-TRN-01"


if __name__ == "__main__":
    train_as_one_of_two(Path(sys.argv[1]))

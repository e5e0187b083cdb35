"""What a step took on the device, though nothing in a step waits for the device."""

from __future__ import annotations

import pytest
import torch

from engine import late_losses
from engine.events import StepFinished
from engine.late_losses import READ_LATE, LateLosses
from engine.loop import Loop
from engine.stepping import Stepper
from tests.engine_runs import require_finished, tiny_run, train


class Gpu:
    """A queue with a clock of its own, in the place of CUDA's events. The host's clock does not
    move: launching costs nothing here."""

    def __init__(self, monkeypatch) -> None:
        self.seconds, self.waited_for = 0.0, []
        gpu = self

        class Event:
            def __init__(self, *, enable_timing: bool = False) -> None:
                assert enable_timing
                self.at = None

            def record(self) -> None:
                self.at = gpu.seconds

            def synchronize(self) -> None:
                gpu.waited_for.append(self)

            def elapsed_time(self, end) -> float:
                assert end in gpu.waited_for, "the event may not have been reached yet"
                return 1000 * (end.at - self.at)

        monkeypatch.setattr(torch.cuda, "Event", Event)
        monkeypatch.setattr(late_losses.time, "perf_counter", lambda: 0.0)


def push(losses: LateLosses, step: int, *, loss: float = 0.5) -> None:
    losses.push(step, torch.tensor(loss), torch.tensor(True), 1e-4)


def test_on_a_gpu_a_step_takes_what_it_took_there_and_no_step_waits(monkeypatch):
    gpu, found = Gpu(monkeypatch), []
    losses = LateLosses(torch.device("cuda"))
    for step in range(1, 8):
        losses.begin()
        gpu.seconds += step  # the work of the step
        waited = len(gpu.waited_for)
        push(losses, step)
        assert len(gpu.waited_for) == waited
        gpu.seconds += 100  # samples, a short job: not the step's
        found += losses.due()
    assert [event.step for event in found] == list(range(1, 8 - READ_LATE))
    found += losses.due(at_once=True)
    assert [event.seconds for event in found] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_elsewhere_a_step_has_ended_when_its_loss_is_there(device, monkeypatch):
    now = [100.0]
    really_to = torch.Tensor.to

    def wait(tensor, *where, non_blocking=False):
        assert not non_blocking
        now[0] += 5
        return really_to(tensor, *where)

    monkeypatch.setattr(late_losses.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(torch.Tensor, "to", wait)
    losses = LateLosses(torch.device(device))
    losses.begin()
    now[0] += 2
    push(losses, 1)
    now[0] += 100
    (event,) = losses.due()
    assert event.seconds == 7
    assert event.loss == 0.5


def test_a_step_of_a_run_takes_all_that_is_computed_in_it(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    """By a clock that moves in the gradients (3 s), in the weights (4 s) and between two steps."""
    now = [100.0]

    def lasting(seconds: float, owner: type, name: str) -> None:
        real = getattr(owner, name)

        def work(self, *given):
            now[0] += seconds
            return real(self, *given)

        monkeypatch.setattr(owner, name, work)

    def between_steps(event, control) -> None:
        now[0] += 50

    monkeypatch.setattr(LateLosses, "_now", lambda self: now[0])
    lasting(3, Loop, "_accumulate")
    lasting(4, Stepper, "end")
    trained = require_finished(
        train(tiny_run(tiny_folder, pictures_folder, tmp_path), between_steps)
    )
    assert [event.seconds for event in trained.of(StepFinished)] == [7] * 4


def test_a_loss_that_is_no_number_is_a_step_that_was_skipped(monkeypatch):
    Gpu(monkeypatch)
    losses = LateLosses(torch.device("cuda"))
    losses.begin()
    push(losses, 1, loss=float("nan"))
    assert [type(event).__name__ for event in losses.due(at_once=True)] == ["StepSkipped"]

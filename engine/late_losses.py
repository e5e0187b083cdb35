"""Losses and times of steps that are read from a GPU some steps late, so that no step waits for it.

A GPU works behind the program: when a step's calls return, its work may hardly have begun. So a
step's time is measured by the GPU itself, between two events in its queue.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.amp.grad_scaler import GradScaler

from engine.device import memory_bytes
from engine.events import StepFinished, StepSkipped

READ_LATE = 4  # steps a loss may lie on a GPU before it is read

Moment = float | torch.cuda.Event


@dataclass(frozen=True, slots=True)
class _Pending:
    step: int
    numbers: Tensor  # (2,): the loss, and 1 where the gradient was sound
    learning_rate: float
    started: Moment
    ended: Moment


def _between(started: Moment, ended: Moment) -> float:
    """Seconds; both are of one kind, and an event must have been reached."""
    if isinstance(started, float) and isinstance(ended, float):
        return ended - started
    assert isinstance(started, torch.cuda.Event)
    assert isinstance(ended, torch.cuda.Event)
    return started.elapsed_time(ended) / 1000


class LateLosses:
    """In the order of the steps."""

    def __init__(self, device: torch.device, scaler: GradScaler | None = None) -> None:
        """`scaler`: of fp16, which begins with a scale at which gradients may overflow."""
        self._device, self._scaler = device, scaler
        self._is_late = device.type == "cuda"
        self._waiting: deque[_Pending] = deque()
        self._started: Moment = 0.0

    def begin(self) -> None:
        """A step begins."""
        self._started = self._now()

    def push(self, step: int, loss: Tensor, sound: Tensor, learning_rate: float) -> None:
        """The step has ended. `loss` and `sound` are scalars on the device."""
        # On a GPU the copy is queued; elsewhere it waits until the step has been computed.
        numbers = torch.stack([loss.float(), sound.float()]).to("cpu", non_blocking=self._is_late)
        self._waiting.append(_Pending(step, numbers, learning_rate, self._started, self._now()))

    def forget(self) -> None:
        """The steps that have not been told are taken back."""
        self._waiting.clear()

    def _can_rescale(self) -> bool:
        """Below a scale of 1 it is not the scale that makes gradients overflow."""
        return self._scaler is not None and self._scaler.get_scale() >= 1

    def due(self, *, at_once: bool = False) -> Iterator[StepFinished | StepSkipped]:
        """Those that have had the time to arrive; with `at_once` all, however long it takes."""
        while len(self._waiting) > (0 if at_once or not self._is_late else READ_LATE):
            pending = self._waiting.popleft()
            if isinstance(pending.ended, torch.cuda.Event):
                pending.ended.synchronize()
            loss, sound = pending.numbers.tolist()
            if not math.isfinite(loss):
                yield StepSkipped(step=pending.step)
                continue
            if not sound:
                yield StepSkipped(step=pending.step, rescaled=self._can_rescale())
                continue
            yield StepFinished(
                step=pending.step,
                loss=loss,
                learning_rate=pending.learning_rate,
                seconds=_between(pending.started, pending.ended),
                memory_bytes=memory_bytes(self._device),
            )

    def _now(self) -> Moment:
        if not self._is_late:
            return time.perf_counter()
        moment = torch.cuda.Event(enable_timing=True)
        moment.record()
        return moment

"""Losses that lie on a device until they are there: nothing in a step waits for them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.amp.grad_scaler import GradScaler

from engine.device import memory_bytes
from engine.events import StepFinished, StepSkipped

READ_LATE = 4  # steps a loss may lie on a GPU before it is read


@dataclass(frozen=True, slots=True)
class _Pending:
    step: int
    numbers: Tensor  # (2,): the loss, and 1 where the gradient was sound
    learning_rate: float
    seconds: float
    ready: torch.cuda.Event | None


class LateLosses:
    """In the order of the steps."""

    def __init__(self, device: torch.device, scaler: GradScaler | None = None) -> None:
        """`scaler`: of fp16, which begins with a scale at which gradients may overflow."""
        self._device, self._scaler = device, scaler
        self._keep = READ_LATE if device.type == "cuda" else 0
        self._waiting: deque[_Pending] = deque()

    def push(
        self, step: int, loss: Tensor, sound: Tensor, learning_rate: float, seconds: float
    ) -> None:
        """`loss` and `sound` are scalars on the device."""
        numbers, ready = torch.stack([loss.float(), sound.float()]), None
        if self._device.type == "cuda":
            ready = torch.cuda.Event()
            numbers = numbers.to("cpu", non_blocking=True)
            ready.record()
        self._waiting.append(_Pending(step, numbers, learning_rate, seconds, ready))

    def forget(self) -> None:
        """The steps that have not been told are taken back."""
        self._waiting.clear()

    def _can_rescale(self) -> bool:
        """Below a scale of 1 it is not the scale that makes gradients overflow."""
        return self._scaler is not None and self._scaler.get_scale() >= 1

    def due(self, *, at_once: bool = False) -> Iterator[StepFinished | StepSkipped]:
        """Those that have had the time to arrive; with `at_once` all, however long it takes."""
        while len(self._waiting) > (0 if at_once else self._keep):
            pending = self._waiting.popleft()
            if pending.ready is not None:
                pending.ready.synchronize()
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
                seconds=pending.seconds,
                memory_bytes=memory_bytes(self._device),
            )

"""The one training loop. It names no method, no family and no file format.

Everything random in a step is keyed by (seed, step), so a run that goes on from a checkpoint
is the same run. Nothing in a step waits for the device: losses are read some steps late.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from engine import checkpoint
from engine.checkpoint import Checkpoint
from engine.config import RunConfig
from engine.control import Control
from engine.data.batches import Batch, BatchSource
from engine.device import memory_bytes, memory_guard, seed_everything
from engine.diffusion import denoising_loss, draw_noise
from engine.errors import Diverged
from engine.events import (
    CheckpointSaved,
    Event,
    Heartbeat,
    PausedAt,
    ResumedAt,
    StepFinished,
)
from engine.methods.base import Method
from engine.models.base import DiffusionModel
from engine.optimizers import build_optimizer, rate_factor, set_rates
from engine.previews import Previews
from engine.project import RunFolder
from engine.wording import QT_TRANSLATE_NOOP, Phrase

READ_LATE = 4  # steps a loss may lie on a GPU before it is read
PAUSE_SECONDS = 0.1

# Where memory may run out.
_STEP = QT_TRANSLATE_NOOP("engine", "step {step}")
_SAMPLE = QT_TRANSLATE_NOOP("engine", "a sample picture")


class Contexts:
    """Prompts -> context. Encoded once and kept while the text encoder does not learn."""

    def __init__(self, model: DiffusionModel, learns: bool) -> None:
        self._model = model
        self._learns = learns
        self._known: dict[str, Tensor] = {}

    def get(self, captions: tuple[str, ...]) -> Tensor:
        """(B, tokens, width)."""
        if self._learns:
            return self._model.encode_prompts(captions)
        for caption in captions:
            if caption not in self._known:
                with torch.no_grad():
                    self._known[caption] = self._model.encode_prompts([caption])
        return torch.cat([self._known[caption] for caption in captions])


@dataclass(slots=True)
class _PendingLoss:
    step: int
    loss: Tensor
    learning_rate: float
    seconds: float
    ready: torch.cuda.Event | None


@dataclass(slots=True)
class Loop:
    """A model with a method attached, on its way from `step` to the end."""

    config: RunConfig
    accelerator: Accelerator
    model: DiffusionModel
    method: Method
    batches: BatchSource
    folder: RunFolder
    previews: Previews
    control: Control
    step: int = 0
    stopped_early: bool = False
    _saved_step: int = -1
    _optimizer: torch.optim.Optimizer = field(init=False)
    _contexts: Contexts = field(init=False)
    _pending: deque[_PendingLoss] = field(default_factory=deque)

    def __post_init__(self) -> None:
        optimizer = build_optimizer(self.method.parameter_groups(), self.config.optimizer)
        self._optimizer = self.accelerator.prepare(optimizer)
        self._contexts = Contexts(self.model, self.method.trains_text)

    @property
    def num_trainable(self) -> int:
        return sum(p.numel() for group in self._optimizer.param_groups for p in group["params"])

    def restore(self, saved: Checkpoint) -> None:
        """Go on from a checkpoint: the next step is saved.step + 1."""
        self.method.load_state_dict(saved.weights)
        self._optimizer.load_state_dict(saved.optimizer)
        self.step = self._saved_step = saved.step

    def train(self) -> Iterator[Event]:
        """Yield what happens until the last step or until the user stops."""
        steps = self.config.training.steps
        # A kill may have come between the save and the samples of the step we go on from.
        yield from self._sample_if(self._samples_are_due, only_missing=True)
        while self.step < steps:
            yield from self._wait_while_paused()
            if self._agree(self.control.stop_requested):
                self.stopped_early = True
                break
            with memory_guard(self.accelerator.device, Phrase(_STEP, step=self.step + 1)):
                self._pending.append(self._take_step())
            yield from self._read_losses(keep=0 if self._reads_at_once else READ_LATE)
            yield from self._save_and_sample()
        yield from self._read_losses(keep=0)
        yield from self._save()

    @property
    def _reads_at_once(self) -> bool:
        return self.accelerator.device.type != "cuda"

    def _take_step(self) -> _PendingLoss:
        """One move of the weights."""
        started = time.perf_counter()
        training = self.config.training
        self.step += 1
        factor = rate_factor(self.step, training.steps, self.config.optimizer)
        rate = set_rates(self._optimizer, factor)
        self.method.set_training(True)
        total = torch.zeros((), device=self.accelerator.device)
        for micro in range(training.gradient_accumulation):
            loss = self._loss(micro) / training.gradient_accumulation
            self.accelerator.backward(loss)
            total += loss.detach()
        self._share_gradients()
        if self.config.optimizer.max_grad_norm > 0:
            self.accelerator.clip_grad_norm_(
                self._parameters(), self.config.optimizer.max_grad_norm
            )
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.method.after_step()
        return self._pend(total, rate, time.perf_counter() - started)

    def _loss(self, micro: int) -> Tensor:
        """Loss of one batch, with its graph."""
        training = self.config.training
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        generator = seed_everything(training.seed, self.step, micro, rank)
        number = (self.step - 1) * training.gradient_accumulation + micro
        batch = self.batches.batch(number * world + rank, generator)
        schedule = self.model.noise_schedule
        drawn = draw_noise(schedule, batch.latents, generator, training.noise_offset)
        self.method.before_step()
        with self.accelerator.autocast():
            prediction = self._predict(batch, drawn.noisy, drawn.timesteps)
        weight = schedule.min_snr_weight(drawn.timesteps, training.min_snr_gamma)
        loss = denoising_loss(prediction, drawn.target, weight)
        extra = self.method.extra_loss(batch, prediction)
        return loss if extra is None else loss + extra

    def _predict(self, batch: Batch, noisy: Tensor, timesteps: Tensor) -> Tensor:
        context = self._contexts.get(batch.captions)
        return self.model.predict(noisy.to(context.dtype), timesteps, context)

    def _share_gradients(self) -> None:
        """Average the gradients of all processes, as one message."""
        if self.accelerator.num_processes == 1:
            return
        gradients = [p.grad for p in self._parameters() if p.grad is not None]
        flat: Any = torch.cat([gradient.flatten() for gradient in gradients])
        flat = self.accelerator.reduce(flat, reduction="mean")
        for gradient, part in zip(
            gradients, flat.split([g.numel() for g in gradients]), strict=True
        ):
            gradient.copy_(part.view_as(gradient))

    def _parameters(self) -> list[torch.nn.Parameter]:
        return [p for group in self._optimizer.param_groups for p in group["params"]]

    def _pend(self, loss: Tensor, rate: float, seconds: float) -> _PendingLoss:
        if self._reads_at_once:
            return _PendingLoss(self.step, loss, rate, seconds, None)
        ready = torch.cuda.Event()
        copied = loss.to("cpu", non_blocking=True)
        ready.record()
        return _PendingLoss(self.step, copied, rate, seconds, ready)

    def _read_losses(self, keep: int) -> Iterator[Event]:
        """Tell the losses that are due. Raises Diverged at one that is no number."""
        while len(self._pending) > keep:
            pending = self._pending.popleft()
            if pending.ready is not None:
                pending.ready.synchronize()
            loss = float(pending.loss)
            if not math.isfinite(loss):
                last = max(checkpoint.steps_in(self.folder.checkpoints), default=0)
                raise Diverged(step=pending.step, last_step=last)
            yield StepFinished(
                step=pending.step,
                loss=loss,
                learning_rate=pending.learning_rate,
                seconds=pending.seconds,
                memory_bytes=memory_bytes(self.accelerator.device),
            )

    def _save_and_sample(self) -> Iterator[Event]:
        every = self.config.checkpoints.every_steps
        asked = self._agree(self.control.take_save_request())
        if asked or (every and self.step % every == 0):
            yield from self._save()
        asked = self._agree(self.control.take_sample_request())
        yield from self._sample_if(asked or self._samples_are_due)

    @property
    def _samples_are_due(self) -> bool:
        every = self.config.sampling.every_steps
        last = self.step == self.config.training.steps
        return bool(every) and (last or self.step % every == 0)

    def _save(self) -> Iterator[Event]:
        if self._saved_step == self.step:
            return  # replacing a sound checkpoint by itself could only lose it
        if self.accelerator.is_main_process:
            state = Checkpoint(self.step, self.method.state_dict(), self._optimizer.state_dict())
            path = checkpoint.save(self.folder.checkpoints, state)
            checkpoint.prune(self.folder.checkpoints, self.config.checkpoints.keep)
            yield CheckpointSaved(step=self.step, path=str(path))
        self._saved_step = self.step

    def _sample_if(self, wanted: bool, *, only_missing: bool = False) -> Iterator[Event]:
        """Samples of this step; Stop leaves out what is not done, a resume makes it then."""
        if not wanted or not self.accelerator.is_main_process:
            return
        self.method.set_training(False)
        half = self.accelerator.mixed_precision != "no"
        with (
            memory_guard(self.accelerator.device, Phrase(_SAMPLE)),
            self.accelerator.autocast() if half else nullcontext(),
        ):
            for event in self.previews.make(self.step, only_missing=only_missing):
                yield event
                if self.control.stop_requested:
                    return

    def _wait_while_paused(self) -> Iterator[Event]:
        if not self._agree(self.control.pause_requested):
            return
        yield PausedAt(step=self.step)
        while self._agree(self.control.pause_requested):
            time.sleep(PAUSE_SECONDS)
            yield from self._sample_if(self._agree(self.control.take_sample_request()))
            if self._agree(self.control.take_save_request()):
                yield from self._save()
            yield Heartbeat()
        yield ResumedAt(step=self.step)

    def _agree(self, wish: bool) -> bool:
        """What the first process was told; all processes must take the same turn."""
        if self.accelerator.num_processes == 1:
            return wish
        told = wish and self.accelerator.is_main_process
        flag = torch.tensor(float(told), device=self.accelerator.device)
        told_sum: Any = self.accelerator.reduce(flag, reduction="sum")
        return bool(told_sum > 0)

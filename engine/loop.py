"""The one training loop. It names no method, no family and no file format.

Everything random in a step is keyed by (seed, step), so a run that goes on from a checkpoint
is the same run. Nothing in a step waits for the device: losses are read some steps late.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from accelerate import Accelerator
from torch import Tensor

from engine import checkpoint
from engine.assessment import Assessment
from engine.checkpoint import Checkpoint
from engine.config import RunConfig
from engine.contexts import Contexts
from engine.control import Control
from engine.data.batches import BatchSource
from engine.data.called import max_chunks
from engine.device import DTYPES, memory_guard
from engine.easing import Easing
from engine.ema import Ema
from engine.errors import Diverged, OutOfMemory
from engine.evaluation.judge import Judge
from engine.events import (
    CheckpointSaved,
    Event,
    Heartbeat,
    Noticed,
    PausedAt,
    ResumedAt,
    StepFinished,
    StepSkipped,
    WentBack,
)
from engine.guard import Guard
from engine.late_losses import LateLosses
from engine.methods.base import Method
from engine.models.base import DiffusionModel
from engine.movement import Movement
from engine.notices import (
    StepEased,
    SteppedBack,
    StepsLeftOut,
    StoppedAsGoodAsItGets,
)
from engine.previews import Previews
from engine.project import RunFolder
from engine.ranks import Order, Ranks
from engine.resume_fit import made_with, require_fit, state_that_fits
from engine.room import Room
from engine.step_loss import ClassBatches, StepLoss
from engine.stepping import Stepper
from engine.wording import QT_TRANSLATE_NOOP, Phrase

PAUSE_SECONDS = 0.1

_STEP = QT_TRANSLATE_NOOP("engine", "step {step}")  # where memory may run out


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
    prior: ClassBatches | None = None
    judge: Judge | None = None  # of the first process alone
    ranks: Ranks = field(default_factory=Ranks)
    step: int = 0
    stopped_early: bool = False
    room: Room = field(init=False)
    _saved_step: int = -1
    _stepper: Stepper = field(init=False)
    _ema: Ema | None = field(init=False)
    _loss: StepLoss = field(init=False)
    _easing: Easing = field(init=False)
    _losses: LateLosses = field(init=False)
    _guard: Guard = field(default_factory=Guard)
    _movement: Movement = field(init=False)
    _assessment: Assessment = field(init=False)

    def __post_init__(self) -> None:
        config = self.config
        self._stepper = Stepper(
            self.method.parameter_groups(),
            config.optimizer,
            self.accelerator,
            num_steps=config.training.steps,
        )
        dtype = DTYPES[config.export.precision]
        self._movement = Movement(self.method.watched(), config.training.steps, dtype)
        decay = config.optimizer.ema_decay
        self._ema = Ema(self.method.named_parameters(), decay) if decay > 0 else None
        self._loss = StepLoss(
            config,
            self.accelerator,
            self.model,
            self.method,
            self.batches,
            Contexts(self.model, self.method.trains_text, max_chunks(config)),
            self.prior,
        )
        recomputes = config.training.gradient_checkpointing == "on"
        self._easing = Easing(self.model, self._loss, recomputes=recomputes)
        alone = self.accelerator.num_processes == 1
        self._losses = LateLosses(self.accelerator.device, self.accelerator.scaler)
        self.room = Room(self.folder.path, self.control, lambda: self.checkpoint_bytes, alone)
        self._assessment = Assessment(
            config, self.accelerator, self.control, self.previews, self.judge, self.drawing
        )

    @property
    def is_saved(self) -> bool:
        """Whether the state of this moment lies in a checkpoint."""
        return self._saved_step == self.step

    @property
    def num_trainable(self) -> int:
        return self._stepper.num_trainable

    @property
    def unmoved(self) -> list[str]:
        """Groups of weights that have a learning rate and are in a file as no step had been
        taken."""
        if self.step == 0:
            return []
        names = self._movement.unmoved()
        if names:
            return names
        with self.as_result():
            shows = self.method.shows(DTYPES[self.config.export.precision])
        return [] if shows and self._stepper.has_learnt else self._movement.names

    @property
    def checkpoint_bytes(self) -> int:
        """What a checkpoint of this moment takes on the disk."""
        averages = {} if self._ema is None else self._ema.state_dict()
        tensors = [*self.method.state_dict().values(), *averages.values()]
        optimizer = self._stepper.state_dict()["state"]
        tensors += [t for known in optimizer.values() for t in known.values()]
        return sum(t.numel() * t.element_size() for t in tensors if isinstance(t, Tensor))

    def state(self) -> Checkpoint:
        """All that a run needs to go on from here."""
        averages = {} if self._ema is None else self._ema.state_dict()
        return Checkpoint(
            self.step,
            self.method.state_dict(),
            self._stepper.state_dict(),
            averages,
            {
                **self._guard.state_dict(),
                **self._easing.state_dict(),
                "has_learnt": int(self._stepper.has_learnt),
            },
            made_with(self.config),
        )

    def restore(self, saved: Checkpoint) -> None:
        """Go on from a checkpoint: the next step is saved.step + 1. Raises SettingChanged or
        CheckpointDoesNotFit."""
        require_fit(saved, self.config, self.method)
        self.method.load_state_dict(saved.weights)
        with state_that_fits(saved.step):
            self._stepper.load_state_dict(saved.optimizer)
            if self._ema is not None:
                self._ema.load_state_dict(saved.ema)
        self._guard.load_state_dict(saved.guard)
        self._easing.load_state_dict(saved.guard)
        self._stepper.has_learnt = bool(saved.guard.get("has_learnt", 1))
        self.step = self._saved_step = saved.step

    @contextmanager
    def as_result(self) -> Iterator[None]:
        """Inside the block the weights are those that samples and exports show.

        Never yield an event inside: see engine.yielding.
        """
        with ExitStack() as stack:
            stack.enter_context(self._stepper.evaluation())
            if self._ema is not None:
                stack.enter_context(self._ema.swapped_in())
            yield

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """`as_result`, computed in the precision of the run."""
        with self.as_result(), self.accelerator.autocast():
            yield

    def close(self) -> None:
        """Let go of the weights: the model may live on in a cache."""
        self._stepper.close()

    def train(self) -> Iterator[Event]:
        """Yield what happens until the last step or until the user stops."""
        steps = self.config.training.steps
        # A kill may have come between the save and the samples or the score of this step.
        if self._assessment.samples_are_due(self.step):
            yield from self._assessment.sample(self.step, only_missing=True)
        yield from self._score()
        while True:
            yield from self._steps_to(steps)
            yield from self._tell_losses(at_once=True)
            yield from self._save()  # which may find that the weights are not finite
            if Order.GO_BACK not in self._next_order():
                break
            yield from self._go_back()
        yield from self._score()

    def _steps_to(self, steps: int) -> Iterator[Event]:
        """Until the last step, until the user stops, or until the numbers are none."""
        while self.step < steps:
            order = self._next_order()
            if Order.GO_BACK in order:
                break
            if Order.ENOUGH in order:
                patience = self.config.evaluation.patience
                yield Noticed(notice=StoppedAsGoodAsItGets(step=self.step, patience=patience))
                break
            if Order.PAUSE in order:
                order = yield from self._pause()
            if Order.STOP in order:
                self.stopped_early = True
                break
            yield from self._take_step()
            yield from self._tell_losses()
            yield from self._save_and_sample()
            if self.accelerator.is_main_process:
                yield from self.room.watch(self.step)

    def _take_step(self) -> Iterator[Event]:
        """One optimizer step."""
        self._losses.begin()
        step, device = self.step + 1, self.accelerator.device
        rate = self._stepper.begin(step, self._guard.rate_scale)
        total = yield from self._compute_gradients(step)
        # Nothing here may be tried again: the weights move, and a second time is a second step.
        with memory_guard(device, Phrase(_STEP, step=step)):
            self._stepper.end()
            self.method.after_step()
            if self._ema is not None:
                self._ema.update(step)
        self.step = step
        self._losses.push(step, total, self._stepper.sound, rate)

    def _compute_gradients(self, step: int) -> Generator[Event, None, Tensor]:
        """Return the loss of a step; where memory does not suffice, computed in the next cheaper
        but equivalent way.

        Raises OutOfMemory where there is none, where the backward pass moves the weights, and
        with several processes, which must all take the same path.
        """
        alone = self.accelerator.num_processes == 1 and not self.config.optimizer.fused_backward
        while True:
            try:
                with memory_guard(self.accelerator.device, Phrase(_STEP, step=step)):
                    return self._accumulate(step)
            except OutOfMemory as error:
                if not alone:
                    raise
                failure = OutOfMemory(**error.facts)  # without the traceback, which keeps tensors
            self._stepper.forget_gradients()
            measure = self._easing.ease()
            if measure is None:
                raise failure
            yield Noticed(notice=StepEased(step=step, measure=measure))

    def _accumulate(self, step: int) -> Tensor:
        """Add the gradients of all batches of a step; returns its loss."""
        count = self.config.training.gradient_accumulation
        total = torch.zeros((), device=self.accelerator.device)
        self.method.set_training(True)
        try:
            for micro in range(count):
                for part in self._loss.of(step, micro):
                    loss = part / count
                    self._stepper.backward(loss)
                    total += loss.detach()
        finally:
            self.method.set_training(False)
        return total

    def _tell_losses(self, *, at_once: bool = False) -> Iterator[Event]:
        for event in self._losses.due(at_once=at_once):
            is_sound = isinstance(event, StepFinished)
            if isinstance(event, StepSkipped) and event.rescaled:  # the weights are as they were
                yield event
                continue
            self._guard.saw(event.step, is_sound=is_sound)
            yield event
            if not is_sound and self._guard.unsound == 1:
                yield Noticed(notice=StepsLeftOut(step=event.step))

    def _go_back(self) -> Iterator[Event]:
        """To the last good state, at half the rate. Raises Diverged where there is none, or where
        that has not helped."""
        failed = self._guard.first_unsound
        saved = yield from checkpoint.latest(self.folder.path)
        if saved is None or self._guard.is_spent:
            raise Diverged(step=failed, last_step=0 if saved is None else saved.step)
        guard = Guard(self._guard.rate_scale, self._guard.times_back)
        guard.went_back()
        self._losses.forget()
        self.restore(saved)
        self._assessment.forget_after(saved.step)
        self._guard = guard
        yield WentBack(step=saved.step, rate_scale=guard.rate_scale)
        percent = 100 * guard.rate_scale
        yield Noticed(notice=SteppedBack(step=failed, back=saved.step, percent=percent))

    def _save_and_sample(self) -> Iterator[Event]:
        every = self.config.checkpoints.every_steps
        asked = self.control.take_save_request()
        is_good = self._guard.unsound == 0  # else there is an earlier one
        if is_good and (asked or (every and self.step % every == 0)):
            yield from self._save()
        asked = self.control.take_sample_request()
        if asked or self._assessment.samples_are_due(self.step):
            yield from self._assessment.sample(self.step)
        yield from self._score()

    def _score(self) -> Iterator[Event]:
        yield from self._assessment.score(self.step, is_saved=self.is_saved)

    def _save(self) -> Iterator[Event]:
        if self.is_saved or self._guard.wants_back or not self.ranks.is_first:
            return  # replacing a sound checkpoint by itself could only lose it
        yield from self.room.patiently(self.step, self._write_checkpoint)
        if not self._guard.wants_back:
            self._saved_step = self.step

    def _write_checkpoint(self) -> Generator[Event, None, None]:
        yield from self.previews.settle()
        try:
            path = yield from checkpoint.saving(self.folder.checkpoints, self.state())
        except Diverged:  # the weights are no numbers
            self._guard.saw_broken_weights(self.step)
            return
        choice = None if self.judge is None else self.judge.choice
        spared = None if choice is None else choice.step
        keep = self.config.checkpoints.keep
        yield from checkpoint.pruning(self.folder.checkpoints, keep, spared)
        yield CheckpointSaved(step=self.step, path=str(path))

    def _pause(self) -> Generator[Event, None, Order]:
        """Until the user goes on or stops; return what to do then."""
        yield PausedAt(step=self.step)
        while self.ranks.is_first and self.control.pause_requested:
            time.sleep(PAUSE_SECONDS)
            if self.control.take_sample_request():
                yield from self._assessment.sample(self.step)
            if self.control.take_save_request():
                yield from self._save()
            yield Heartbeat()
        order = self._next_order()
        yield ResumedAt(step=self.step)
        return order

    def _next_order(self) -> Order:
        """What the first process wants; all processes must take the same path."""
        return self.ranks.agree(
            (Order.GO_BACK if self._guard.wants_back else Order.GO_ON)
            | (Order.ENOUGH if self.judge is not None and self.judge.is_satisfied else Order.GO_ON)
            | (Order.PAUSE if self.control.pause_requested else Order.GO_ON)
            | (Order.STOP if self.control.stop_requested else Order.GO_ON)
        )

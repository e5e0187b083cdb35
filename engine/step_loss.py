"""How far the model is from the noise of a step: whole, or in parts that need less memory.

Everything random is keyed by (seed, step), so whoever asks again gets the same loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from accelerate import Accelerator
from torch import Tensor

from engine.config import RunConfig
from engine.contexts import Contexts
from engine.data.batches import Batch, BatchSource
from engine.device import seed_everything
from engine.diffusion import NoisyBatch, denoising_loss, draw_noise
from engine.methods.base import Method
from engine.models.base import Context, DiffusionModel


@dataclass(frozen=True, slots=True)
class ClassBatches:
    """The second loss of a step: what the class looked like before (Ruiz et al. 2022)."""

    batches: BatchSource
    weight: float
    from_frozen: bool  # the target is the base model's answer, not the noise


@dataclass(frozen=True, slots=True)
class _Term:
    """A part of the loss, with what was drawn for it."""

    weight: float
    batch: Batch
    drawn: NoisyBatch
    num_chunks: int  # of 75 tokens, in the longest caption of the whole batch
    from_frozen: bool

    def rows(self, rows: slice) -> _Term:
        """These pictures alone; their captions stay as long as those of the whole batch."""
        return replace(self, batch=self.batch.rows(rows), drawn=self.drawn.rows(rows))


@dataclass(slots=True)
class StepLoss:
    """`parts`: how many graphs a batch is computed in, one after another. The sum is the same but
    for the last bits."""

    config: RunConfig
    accelerator: Accelerator
    model: DiffusionModel
    method: Method
    batches: BatchSource
    contexts: Contexts
    prior: ClassBatches | None = None
    parts: int = 1

    @property
    def most_parts(self) -> int:
        """A part holds at least one picture. With dropout there is one part: the random numbers
        of a batch cannot be drawn part by part."""
        return 1 if self.config.method.uses_dropout else self.config.training.batch_size

    def of(self, step: int, micro: int) -> Iterator[Tensor]:
        """The loss of one batch of a step with its graph; where there are parts, each of them,
        weighted, so that they add up to it."""
        if self.parts > 1:
            yield from self._in_parts(step, micro)
            return
        total: Tensor | None = None
        for term in self._terms(step, micro):
            loss = self._error(term)
            total = loss if total is None else total + term.weight * loss
        assert total is not None
        yield total

    def _in_parts(self, step: int, micro: int) -> Iterator[Tensor]:
        for term in self._terms(step, micro):
            count = len(term.batch.captions)
            size = -(-count // self.parts)
            for first in range(0, count, size):
                part = term.rows(slice(first, first + size))
                share = len(part.batch.captions) / count
                yield term.weight * share * self._error(part)

    def _terms(self, step: int, micro: int) -> Iterator[_Term]:
        """Drawn as they are asked for, always in this order."""
        training = self.config.training
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        generator = seed_everything(training.seed, step, micro, rank)
        number = (step - 1) * training.gradient_accumulation + micro
        number = number * world + rank
        batch = self.batches.batch(number, generator)
        yield self._term(1.0, batch, generator, from_frozen=False)
        if self.prior is not None:
            batch = self.prior.batches.batch(number, generator)
            yield self._term(self.prior.weight, batch, generator, self.prior.from_frozen)

    def _term(
        self, weight: float, batch: Batch, generator: torch.Generator, from_frozen: bool
    ) -> _Term:
        schedule, offset = self.model.noise_schedule, self.config.loss.noise_offset
        drawn = draw_noise(schedule, batch.latents, generator, offset)
        return _Term(weight, batch, drawn, self.contexts.num_chunks(batch.captions), from_frozen)

    def _error(self, term: _Term) -> Tensor:
        """From the noise, or from what the model once would have said."""
        batch, drawn = term.batch, term.drawn
        settings, schedule = self.config.loss, self.model.noise_schedule
        with self.accelerator.autocast():
            context = self.contexts.get(batch.captions, term.num_chunks)
            prediction = self._predict(batch, drawn, context)
        target = self._frozen_answer(term) if term.from_frozen else drawn.target
        times = drawn.timesteps
        loss = denoising_loss(prediction, target, times, schedule, settings, batch.mask)
        for weight in self.method.occasional():
            if weight.requires_grad:
                loss = loss + 0 * weight.sum()  # in the graph, whatever the captions say
        return loss

    def _predict(self, batch: Batch, drawn: NoisyBatch, context: Context) -> Tensor:
        noisy = drawn.noisy.to(context.tokens.dtype)
        return self.model.predict(noisy, drawn.timesteps, context, batch.sizes)

    @torch.no_grad()
    def _frozen_answer(self, term: _Term) -> Tensor:
        with self.method.base_model(), self.accelerator.autocast():
            context = self.contexts.of_base_model(term.batch.captions, term.num_chunks)
            return self._predict(term.batch, term.drawn, context)

"""Several one-thread processes that train copies and average their weights now and then.

On a small processor two one-thread processes are faster than one process of two threads, by
up to eight times when the machine is busy. Averaging every few steps ("local SGD", Stich 2019)
costs next to nothing at these sizes.
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

log = logging.getLogger("starter_model")
AVERAGE_EVERY = 8
SAVE_EVERY_SECONDS = 120


class Clock:
    """Time spent training, over all sessions, and whether it is used up.

    Processor time, so that other work on the machine does not shorten the training; with a
    graphics card, which a processor only waits for, the time of the wall. Every decision is
    taken by the first worker and sent to the others, so that they agree.
    """

    def __init__(self, minutes: float, spent_seconds: float) -> None:
        self.limit = minutes * 60
        self.spent = spent_seconds
        self._now = time.monotonic if torch.cuda.is_available() else time.process_time
        self._last = self._now()
        self._last_save = time.monotonic()
        self.due_to_save = False

    def tick(self) -> None:
        now = self._now()
        since_save = time.monotonic() - self._last_save
        message = torch.tensor([self.spent + now - self._last, since_save])
        if dist.is_initialized():
            dist.broadcast(message, src=0)
        self.spent, since_save = float(message[0]), float(message[1])
        self._last = now
        self.due_to_save = since_save > SAVE_EVERY_SECONDS
        if self.due_to_save:
            self._last_save = time.monotonic()

    @property
    def progress(self) -> float:
        return min(1.0, self.spent / self.limit)

    @property
    def is_over(self) -> bool:
        return self.spent >= self.limit


def learning_rate(peak: float, progress: float, warm_up: float = 0.02) -> float:
    """Linear warm-up, then a cosine to one fiftieth of the peak, both by share of the time."""
    if progress < warm_up:
        return peak * max(progress / warm_up, 0.02)
    share = (progress - warm_up) / (1 - warm_up)
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))


@torch.no_grad()
def average(parameters: Iterable[nn.Parameter]) -> None:
    if not dist.is_initialized():
        return
    parameters = list(parameters)
    flat = nn.utils.parameters_to_vector(parameters)
    dist.all_reduce(flat)
    nn.utils.vector_to_parameters(flat / dist.get_world_size(), parameters)


def count() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


class Average:
    """Exponential moving average of a model's weights, with a warm start."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.count = 0
        self.weights = [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def update(self, model: nn.Module, steps: int) -> None:
        self.count += steps
        decay = min(self.decay, (1 + self.count) / (10 + self.count)) ** steps
        torch._foreach_lerp_(self.weights, list(model.parameters()), 1 - decay)

    @torch.no_grad()
    def copy_to(self, model: nn.Module) -> None:
        for target, source in zip(model.parameters(), self.weights, strict=True):
            target.copy_(source)


class Progress:
    """Resume state of one stage: weights, their average, Adam moments, seconds. No pickles."""

    def __init__(
        self, folder: Path, model: nn.Module, averaged: Average, optimizer: torch.optim.Optimizer
    ) -> None:
        self.folder, self.model, self.optimizer = folder, model, optimizer
        self.averaged = averaged
        self.steps = 0
        self.spent_seconds = 0.0

    def load(self) -> None:
        path = self.folder / "state.json"
        if not path.exists():
            return
        state = json.loads(path.read_text("utf-8"))
        self.steps, self.spent_seconds = state["steps"], state["spent_seconds"]
        self.model.load_state_dict(load_file(self.folder / "model.safetensors"))
        averaged = load_file(self.folder / "averaged.safetensors")
        self.averaged.count = self.steps
        for index, tensor in enumerate(self.averaged.weights):
            tensor.copy_(averaged[str(index)])
        moments = load_file(self.folder / "optimizer.safetensors")
        full = self.optimizer.state_dict()
        full["state"] = {}
        for name, tensor in moments.items():
            index, key = name.split(".", 1)
            full["state"].setdefault(int(index), {})[key] = tensor
        self.optimizer.load_state_dict(full)

    def save(self, steps: int, clock: Clock) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        moments = {
            f"{index}.{key}": value.contiguous()
            for index, entry in self.optimizer.state_dict()["state"].items()
            for key, value in entry.items()
        }
        weights = {name: tensor.contiguous() for name, tensor in self.model.state_dict().items()}
        averaged = {str(i): tensor.contiguous() for i, tensor in enumerate(self.averaged.weights)}
        parts = {"model": weights, "averaged": averaged, "optimizer": moments}
        for name, tensors in parts.items():
            save_file(tensors, self.folder / f"{name}.part")
            (self.folder / f"{name}.part").replace(self.folder / f"{name}.safetensors")
        state = {"steps": steps, "spent_seconds": clock.spent, "workers": count()}
        (self.folder / "state.json").write_text(json.dumps(state), encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How one stage learns."""

    folder: Path
    seed: int
    rate: float
    minutes: float
    betas: tuple[float, float] = (0.9, 0.999)
    decay: float = 0.999  # of the moving average
    weight_decay: float = 0.0


def learn(
    rank: int, model: nn.Module, plan: Plan, loss: Callable[[torch.Generator], Tensor]
) -> dict[str, float] | None:
    """Train until the time is used up; `loss` draws its batch with the generator it is given.

    The first worker ends with the averaged weights in `model` and returns what the model card
    tells; the others return None.
    """
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        learning, lr=plan.rate, betas=plan.betas, weight_decay=plan.weight_decay, fused=True
    )
    average_weights = Average(model, plan.decay)
    progress = Progress(plan.folder, model, average_weights, optimizer)
    progress.load()
    clock = Clock(plan.minutes, progress.spent_seconds)
    generator = torch.Generator().manual_seed(plan.seed + rank + 7919 * progress.steps)
    steps, running = progress.steps, 0.0
    while not clock.is_over:
        for _ in range(AVERAGE_EVERY):
            optimizer.param_groups[0]["lr"] = learning_rate(plan.rate, clock.progress)
            value = loss(generator)
            optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(learning, 1.0)
            optimizer.step()
            running = 0.99 * running + 0.01 * value.item()
        average(learning)
        average_weights.update(model, AVERAGE_EVERY)
        steps += AVERAGE_EVERY
        clock.tick()
        if rank == 0 and clock.due_to_save:
            progress.save(steps, clock)
            log.info("%s step %d, %.0f s, loss %.4f", plan.folder.name, steps, clock.spent, running)
    if rank != 0:
        return None
    progress.save(steps, clock)
    average_weights.copy_to(model)
    return {"steps": steps, "seconds": clock.spent, "workers": count(), "loss": running}


def run(stage: Callable[..., None], num_workers: int, *args: object) -> None:
    """Call `stage(rank, *args)` in `num_workers` one-thread processes joined over gloo."""
    if num_workers == 1:
        stage(0, *args)
        return
    rendezvous = Path(str(args[0])) / f"rendezvous-{os.getpid()}-{time.monotonic_ns()}"
    mp.spawn(_work, args=(stage, num_workers, str(rendezvous), args), nprocs=num_workers)


def _work(
    rank: int, stage: Callable[..., None], world: int, rendezvous: str, args: tuple[object, ...]
) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=world)
    try:
        stage(rank, *args)
    finally:
        dist.destroy_process_group()

"""How the weights move in a step: rates, gradients, optimizers; all that the loop knows of it.

A fused step moves each weight inside the backward pass, as soon as its gradient is there, so
that gradients never lie in memory together.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from engine.cells import Cell, shell_of
from engine.config import OptimizerSettings
from engine.ema import weights_kept
from engine.errors import OptimizerChanged, OptimizerUnfit
from engine.methods.base import ParameterGroup
from engine.optimizers import OPTIMIZERS, build_optimizer
from engine.schedules import SCHEDULE_FREE, rate_factor
from engine.wording import QT_TRANSLATE_NOOP, Phrase

SHELL_ELEMENTS = 2**24  # fp32 copies that exist at a time in an unfused step: 64 MiB


class Stepper:
    """Moves the parameters of all groups, each at its own rate.

    Gradient checkpointing must be of the kind that is not reentrant. Raises OptimizerUnfit,
    OptimizerNeedsCard.
    """

    def __init__(
        self,
        groups: list[ParameterGroup],
        settings: OptimizerSettings,
        accelerator: Accelerator,
        *,
        num_steps: int,
    ) -> None:
        self.parameters = [p for group in groups for p in group.parameters]
        self.num_trainable = sum(parameter.numel() for parameter in self.parameters)
        self._groups = groups
        self._settings = settings
        self._accelerator = accelerator
        self._num_steps = num_steps
        self._step = 0
        self.sound = torch.ones((), dtype=torch.bool)  # whether the step's gradients are numbers
        self._pushed: Tensor | None = None  # whether any gradient of a step taken was not zero
        self._is_in_backward = False
        self._kind = OPTIMIZERS[settings.name]
        self._check()
        self._cells = list(self._make_cells())
        self._generators = {
            device: torch.Generator(device) for device in {p.device for p in self.parameters}
        }
        # The scaler's view: one optimizer over all gradients. It never steps.
        self._all: Any = torch.optim.SGD(self.parameters) if self.parameters else None
        self._hooks = self._add_hooks() if settings.fused_backward else []

    @property
    def has_learnt(self) -> bool:
        """False where all steps that were taken had gradients of zero: then weight decay alone has
        moved the weights. True where none was taken. Waits for the device."""
        return self._pushed is None or bool(self._pushed)

    @has_learnt.setter
    def has_learnt(self, known: bool) -> None:
        self._pushed = torch.tensor(known, device=self._accelerator.device)

    def begin(self, step: int, scale: float = 1.0) -> float:
        """Set the rates of a step (counted from 1), times `scale`; returns the first group's.

        A group stands still once its share of the run is over.
        """
        self._step = step
        factor = scale * rate_factor(step, self._num_steps, self._settings)
        self.sound = torch.ones((), dtype=torch.bool, device=self._accelerator.device)
        rates = []
        for group in self._groups:
            learns = step <= round(group.until * self._num_steps)
            rates.append(group.learning_rate * factor if learns else 0.0)
            if group.until < 1:
                for parameter in group.parameters:
                    parameter.requires_grad_(learns)
        for cell in self._cells:
            cell.table["lr"] = rates[cell.group]
        return rates[0]

    def backward(self, loss: Tensor) -> None:
        """Add to the gradients; a fused step moves the weights in here, so only once a step."""
        if not loss.requires_grad and not any(p.requires_grad for p in self.parameters):
            return  # every group stands still
        self._is_in_backward = True
        try:
            self._accelerator.backward(loss)
        finally:
            self._is_in_backward = False

    def forget_gradients(self) -> None:
        """Before the loss of a step is computed again."""
        for parameter in self.parameters:
            parameter.grad = None

    def end(self) -> None:
        """Share the gradients over all processes, clip them, and move the weights."""
        if self._settings.fused_backward:
            return
        self._share_gradients()
        moving = [cell for cell in self._cells if cell.has_gradients]
        if not moving:
            return
        scaler = self._accelerator.scaler
        if scaler is not None:
            scaler.unscale_(self._all)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = self._norm(gradients)
        self.sound = self.sound & torch.isfinite(norm)
        self._note_push(norm)
        self._step_where_sound(moving)
        if scaler is not None:
            scaler.update()

    def _step_where_sound(self, moving: list[Cell]) -> None:
        """NaN or Inf in one gradient skips the step of every optimizer: moments, too, would move
        weights.

        Optimizers that can look at `found_inf` on the device do; for the others it is read here.
        """
        found_inf = (~self.sound).float()
        can_look = [getattr(c.optimizer, "_step_supports_amp_scaling", False) for c in moving]
        skips = not all(can_look) and bool(found_inf)
        for cell, looks in zip(moving, can_look, strict=True):
            if not skips:
                cell.fill()
                optimizer: Any = cell.optimizer
                if looks:
                    optimizer.found_inf, optimizer.grad_scale = found_inf, None
                optimizer.step()
                if looks:
                    del optimizer.found_inf, optimizer.grad_scale
                self._finish(cell)
            else:
                for weight in cell.weights:
                    weight.grad = None

    def _norm(self, gradients: list[Tensor]) -> Tensor:
        """Of all gradients together; they are clipped to the most that is set."""
        most = self._settings.max_grad_norm
        if most > 0:
            norm: Any = self._accelerator.clip_grad_norm_(self.parameters, most)
            return norm
        return nn.utils.get_total_norm(gradients)

    def _note_push(self, norm: Tensor) -> None:
        """A gradient that is clipped to less than fp32 can hold is zero."""
        most = self._settings.max_grad_norm
        held = norm.detach() if most == 0 else norm.detach().clamp(max=most)
        pushes = held >= torch.finfo(torch.float32).tiny
        self._pushed = pushes if self._pushed is None else self._pushed | pushes

    def _leave_out(self, gradients: list[Tensor], norm: Tensor) -> None:
        """Make zeros of gradients that are NaN or Inf, without asking the device: that is done once
        for each weight."""
        unsound = ~torch.isfinite(norm)
        for gradient in gradients:
            gradient.masked_fill_(unsound, 0.0)
        self.sound = self.sound & ~unsound

    @contextlib.contextmanager
    def evaluation(self) -> Iterator[None]:
        """Inside the block the weights are those to sample and to export, not to train on."""
        if self._settings.name != SCHEDULE_FREE:
            yield
            return
        with weights_kept(self.parameters):
            for cell in self._cells:
                cell.show_averages()
            yield

    def state_dict(self) -> dict[str, Any]:
        """What the optimizers know, in torch's form: {"state": ..., "param_groups": ...}.

        It does not depend on how the step is carried out, so a run may go on with another
        amount of memory. The tensors are the live ones. Ask outside of `evaluation`.
        """
        state: dict[int, dict[str, Any]] = {}
        for cell in self._cells:
            state |= cell.known()
        tables: list[dict[str, Any]] = [
            {"name": group.name, "optimizer": self._settings.name, "params": indices}
            for group, indices in zip(self._groups, self._indices(), strict=True)
        ]
        if self._accelerator.scaler is not None:
            tables[0]["scaler"] = self._accelerator.scaler.state_dict()
        return {"state": state, "param_groups": tables}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put back what `state_dict` gave, every tensor in the precision that it has.

        Raises OptimizerChanged, and KeyError where the parameters are others.
        """
        tables, saved = state["param_groups"], state["state"]
        if [list(table["params"]) for table in tables] != self._indices():
            raise KeyError("the saved optimizer belongs to a method of another shape")
        was = tables[0].get("optimizer", "adamw")  # the first version knew no other
        if was != self._settings.name:
            raise OptimizerChanged(was=was, now=self._settings.name)
        numbers: list[dict[str, Any]] = [{} for _ in self._groups]
        for cell in self._cells:
            numbers[cell.group] = cell.learn(saved, numbers[cell.group])
        if self._accelerator.scaler is not None and "scaler" in tables[0]:
            self._accelerator.scaler.load_state_dict(tables[0]["scaler"])

    def close(self) -> None:
        """Let go of the parameters: a later backward pass moves nothing."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def _check(self) -> None:
        if len({id(parameter) for parameter in self.parameters}) != len(self.parameters):
            raise ValueError("a parameter is in two groups")
        fused = self._settings.fused_backward
        halves = any(p.dtype != torch.float32 for p in self.parameters)
        if fused and self._kind.looks_at_all:
            reason = QT_TRANSLATE_NOOP(
                "engine",
                "it looks at all weights at once, so it cannot step inside the backward pass",
            )
        elif self._accelerator.scaler is not None and (fused or halves):
            reason = QT_TRANSLATE_NOOP(
                "engine",
                "with fp16, weights must be held in fp32 and moved after the backward pass; "
                "bf16 and fp32 can do without",
            )
        else:
            return
        raise OptimizerUnfit(optimizer=self._settings.name, reason=Phrase(reason))

    def _indices(self) -> list[list[int]]:
        """The places of each group's parameters among all."""
        places = iter(range(len(self.parameters)))
        return [[next(places) for _ in group.parameters] for group in self._groups]

    def _make_cells(self) -> Iterator[Cell]:
        for number, indices in enumerate(self._indices()):
            if self._settings.fused_backward:
                bundles = [[index] for index in indices]
            elif self._kind.looks_at_all:
                bundles = [indices]
            else:
                bundles = self._bundles(indices)
            for bundle in bundles:
                if bundle:
                    yield self._make_cell(number, bundle)

    def _bundles(self, indices: list[int]) -> list[list[int]]:
        """All plain weights together; those that need a shell, by as many as may be copied."""
        plain: list[int] = []
        shelled: list[list[int]] = []
        room = 0
        for index in indices:
            weight = self.parameters[index]
            if not self._needs_shell(weight):
                plain.append(index)
                continue
            if weight.numel() > room:
                shelled.append([])
                room = SHELL_ELEMENTS
            shelled[-1].append(index)
            room -= weight.numel()
        return [plain, *shelled]

    def _make_cell(self, group: int, indices: list[int]) -> Cell:
        weights = [self.parameters[index] for index in indices]
        seen = [shell_of(w) if self._needs_shell(w) else w for w in weights]
        rate = self._groups[group].learning_rate
        optimizer = build_optimizer(seen, rate, self._settings)
        fresh = dict(optimizer.param_groups[0])
        return Cell(group, indices, weights, seen, optimizer, fresh, self._kind.factored)

    def _needs_shell(self, weight: nn.Parameter) -> bool:
        return weight.dtype != torch.float32 or (self._kind.factored and weight.dim() > 2)

    def _add_hooks(self) -> list[Any]:
        this = weakref.ref(self)  # parameters may outlive the run

        def hook_of(cell: Cell) -> Any:
            def move(_: Tensor) -> None:
                stepper = this()
                if stepper is not None and stepper._is_in_backward:
                    stepper._move_inside_backward(cell)

            return cell.weights[0].register_post_accumulate_grad_hook(move)

        return [hook_of(cell) for cell in self._cells]

    @torch.no_grad()
    def _move_inside_backward(self, cell: Cell) -> None:
        """Move a single weight whose gradient has just become whole."""
        cell.fill()
        if self._accelerator.num_processes > 1:
            self._average([seen.grad for seen in cell.seen if seen.grad is not None])
        gradients = [seen.grad for seen in cell.seen if seen.grad is not None]
        if self._settings.max_grad_norm > 0:
            norm = nn.utils.clip_grad_norm_(cell.seen, self._settings.max_grad_norm)
        else:
            norm = nn.utils.get_total_norm(gradients)
        self._note_push(norm)
        self._leave_out(gradients, norm)
        cell.optimizer.step()
        self._finish(cell)

    def _finish(self, cell: Cell) -> None:
        cell.empty(self._step, self._generators)
        for weight in cell.weights:
            weight.grad = None

    def _share_gradients(self) -> None:
        """Average the gradients of all processes: one message, and one for each bundle of halves,
        which are averaged in fp32."""
        if self._accelerator.num_processes == 1:
            return
        for parameter in self.parameters:  # all processes must send the same message
            if parameter.requires_grad and parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        whole = [p for p in self.parameters if p.dtype == torch.float32]
        halves = [[w for w in c.weights if w.dtype != torch.float32] for c in self._cells]
        for weights in (whole, *halves):
            gradients = [weight.grad for weight in weights if weight.grad is not None]
            if gradients:
                self._average(gradients)

    def _average(self, gradients: list[Tensor]) -> None:
        flat: Any = torch.cat([gradient.flatten().float() for gradient in gradients])
        flat = self._accelerator.reduce(flat, reduction="mean")
        parts = flat.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

"""Whether the state in a checkpoint fits the settings of the run that goes on from it.

Settings that shape the weights, or what they mean, are declared as `fixed` (engine.settings). A
checkpoint keeps their values; one that was written before it did is judged by its tensors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from engine.checkpoint import Checkpoint
from engine.checkpoint_errors import CheckpointDoesNotFit, SettingChanged
from engine.config import RunConfig
from engine.methods.base import Method
from engine.methods.catalog import METHODS
from engine.out_of_memory import is_out_of_memory
from engine.settings import FixedSetting, fixed_settings
from engine.wording import QT_TRANSLATE_NOOP, Fact, Phrase

_KIND = "method.kind"
_TRIGGER = QT_TRANSLATE_NOOP("engine", "Trigger word")
_METHOD = QT_TRANSLATE_NOOP("engine", "Method")
_NOT_HERE = QT_TRANSLATE_NOOP("engine", "it holds {name}, which this run does not have")
_NOT_THERE = QT_TRANSLATE_NOOP("engine", "it lacks {name}, which this run needs")
_OTHER_STATE = QT_TRANSLATE_NOOP(
    "engine", "the state of the optimizer or the averaged weights belong to other weights"
)
_SHAPE = QT_TRANSLATE_NOOP("engine", "{name} has the shape {was}, this run needs {now}")


def made_with(config: RunConfig) -> dict[str, Any]:
    """The fixed settings of a run by their dotted names; what a checkpoint keeps."""
    kind = {_KIND: config.method.kind}
    return kind | {known.key: known.value for known in _fixed(config)}


def require_fit(saved: Checkpoint, config: RunConfig, method: Method) -> None:
    """Raises SettingChanged or CheckpointDoesNotFit."""
    was, now = saved.made_with, made_with(config)
    if was.get(_KIND, now[_KIND]) != now[_KIND]:
        raise SettingChanged(
            setting=Phrase(_METHOD), was=_title(str(was[_KIND])), now=_title(now[_KIND])
        )
    for known in _fixed(config):
        before = was.get(known.key, known.value)
        if known.differs_from(before):
            raise SettingChanged(
                setting=Phrase(known.label), was=_said(before), now=_said(known.value)
            )
    _require_tensors(saved.step, method.state_dict(), saved.weights)
    if bool(saved.ema) != (config.optimizer.ema_decay > 0):
        averages = QT_TRANSLATE_NOOP("engine", "averaged weights")
        raise _does_not_fit(saved.step, _NOT_HERE if saved.ema else _NOT_THERE, Phrase(averages))


@contextmanager
def state_that_fits(step: int) -> Iterator[None]:
    """Inside the block the optimizer and the averages are put back. Raises CheckpointDoesNotFit
    where they are those of other weights: a checkpoint that came from elsewhere may say
    anything."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointDoesNotFit(step=step, reason=Phrase(_OTHER_STATE)) from error


def _require_tensors(step: int, own: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> None:
    for name in sorted(own.keys() ^ saved.keys()):
        raise _does_not_fit(step, _NOT_HERE if name in saved else _NOT_THERE, name)
    for name, tensor in own.items():
        if tensor.shape != saved[name].shape:
            raise _does_not_fit(step, _SHAPE, name, was=_size(saved[name]), now=_size(tensor))


def _does_not_fit(step: int, template: str, name: str, **facts: Fact) -> CheckpointDoesNotFit:
    return CheckpointDoesNotFit(step=step, reason=Phrase(template, name=name, **facts))


def _fixed(config: RunConfig) -> Iterator[FixedSetting]:
    yield from fixed_settings(config)
    yield from fixed_settings(config.method, "method.")
    yield from fixed_settings(config.loss, "loss.")
    yield from fixed_settings(config.optimizer, "optimizer.")
    if config.method.needs_trigger:
        yield FixedSetting("dataset.trigger", _TRIGGER, config.dataset.trigger, "value")


def _title(kind: str) -> str:
    return METHODS[kind].title if kind in METHODS else kind


def _said(value: object) -> Fact:
    """As the settings file writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str | int | float) else str(value)


def _size(tensor: Tensor) -> str:
    return " × ".join(map(str, tensor.shape)) or "1"

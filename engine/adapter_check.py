"""Compares one adapted layer of an exported file with the live layer.

Two questions. Are the file's tensors the live ones, rounded to the file's type? And does a reader
that multiplies them get what the training's own arithmetic makes of the same tensors? The first is
asked bit by bit, so that it has the same answer for a change of 1e-8 as for one of 1; the second
allows for the rounding of fp32 sums and for nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from engine.methods.base import LiveLayer
from engine.results import AdapterLayer, delta
from engine.wording import QT_TRANSLATE_NOOP, Phrase

# How far two ways to work out the same factor may differ: a few roundings of fp32.
FACTOR_ERROR = 2.0**-20
# One rounding of fp32, relative to the sum of the absolute values that it belongs to.
SUM_ERROR = 2.0**-24
SMALLEST = torch.finfo(torch.float32).tiny  # below it a processor may round to zero

MISSING = QT_TRANSLATE_NOOP("engine", "{name} is missing")
NOT_FINITE = QT_TRANSLATE_NOOP("engine", "{name} contains NaN or Inf")
SHAPE = QT_TRANSLATE_NOOP("engine", "{name} has another shape")
TYPE = QT_TRANSLATE_NOOP("engine", "{name} is stored as {found}, not as {wanted}")
STRENGTH = QT_TRANSLATE_NOOP(
    "engine", "{name} is scaled by {found:.6g}; the training scales it by {wanted:.6g}"
)
VALUES = QT_TRANSLATE_NOOP(
    "engine", "{count} of {total} values of {name} are not the live ones rounded to {type}"
)
NOT_COPIED = QT_TRANSLATE_NOOP("engine", "{name} was not trained and is not the base model's")
PRODUCT = QT_TRANSLATE_NOOP(
    "engine", "the tensors of {name} are right, but multiplied they are not what was learnt"
)


def problem_with_layer(
    name: str, live: LiveLayer, read: AdapterLayer, dtype: torch.dtype
) -> Phrase | None:
    """None where the file's layer is the live one, as well as `dtype` can say it."""
    for role in sorted(live.tensors.keys() | read.tensors.keys()):
        problem = _problem_with_form(f"{name}.{role}", live.tensors, read.tensors, role, dtype)
        if problem is not None:
            return problem
    scale = read.alpha / read.rank if read.rank else 1.0
    if scale == 0:
        return Phrase(STRENGTH, name=name, found=scale, wanted=live.scale)
    role, problem = _scaled_role(name, live, read, live.scale / scale, dtype)
    if problem is not None:
        return problem
    return _problem_with_product(name, live, read, role, live.scale / scale)


def _problem_with_form(
    name: str,
    live: Mapping[str, Tensor],
    read: Mapping[str, Tensor],
    role: str,
    dtype: torch.dtype,
) -> Phrase | None:
    if role not in live or role not in read:
        return Phrase(MISSING if role in live else SHAPE, name=name)
    return problem_with_form(name, live[role], read[role], dtype)


def problem_with_form(name: str, live: Tensor, read: Tensor, dtype: torch.dtype) -> Phrase | None:
    """Shape, type, and numbers that are some."""
    if read.shape != live.shape:
        return Phrase(SHAPE, name=name)
    if read.dtype != dtype:
        return Phrase(TYPE, name=name, found=_plain(read.dtype), wanted=_plain(dtype))
    if not torch.isfinite(read).all():
        return Phrase(NOT_FINITE, name=name)
    return None


def problem_with_values(name: str, expected: Tensor, read: Tensor) -> Phrase | None:
    """Bit for bit; both have one shape and one type."""
    count = int((read != expected).sum())
    if not count:
        return None
    return Phrase(VALUES, name=name, count=count, total=read.numel(), type=_plain(read.dtype))


def is_rounded(exact: Tensor, read: Tensor) -> bool:
    """Whether `read` is `exact`, which fp32 worked out, rounded to its own type.

    Rounding keeps the order of numbers. So whatever lies within the error of the fp32 arithmetic
    is rounded to something between the two ends of that error, each rounded: a bound that is right
    for every type, its subnormals included, and as tight as the type allows.
    """
    error = exact.abs() * FACTOR_ERROR
    low, high = (exact - error).to(read.dtype), (exact + error).to(read.dtype)
    return bool(((read >= low) & (read <= high)).all())


def _scaled_role(
    name: str, live: LiveLayer, read: AdapterLayer, ratio: float, dtype: torch.dtype
) -> tuple[str, Phrase | None]:
    """The one tensor that carries the rest of the strength ("" where alpha says it all), and what
    is wrong. All others are the live ones, rounded."""
    problems = {
        role: problem_with_values(f"{name}.{role}", tensor.to(dtype), read.tensors[role])
        for role, tensor in live.tensors.items()
    }
    unlike = [role for role, problem in problems.items() if problem is not None]
    if abs(ratio - 1) <= FACTOR_ERROR:
        return "", problems[unlike[0]] if unlike else None
    # A format may move strength from alpha into one tensor. One that is all zeros looks the same
    # with every strength.
    possible = unlike or list(live.tensors)
    if len(unlike) <= 1:
        for role in possible:
            if is_rounded(live.tensors[role] * ratio, read.tensors[role]):
                return role, None
    if len(unlike) > 1:
        return "", problems[unlike[0]]
    return "", Phrase(STRENGTH, name=name, found=live.scale / ratio, wanted=live.scale)


def _problem_with_product(
    name: str, live: LiveLayer, read: AdapterLayer, role: str, ratio: float
) -> Phrase | None:
    """What a reader makes of the tensors against what the training makes of the same tensors."""
    same = {other: tensor.float() for other, tensor in read.tensors.items()}
    if role:
        same[role] = same[role] / ratio
    found, expected = delta(read), live.delta(same).flatten(1)
    if found.shape != expected.shape:
        return Phrase(SHAPE, name=name)
    absolute = {other: tensor.float().abs() for other, tensor in read.tensors.items()}
    size = delta(replace(read, tensors=absolute, alpha=abs(read.alpha)))
    # A sum of n products is off by at most n roundings of the sum of their absolute values; the
    # two factors of LoHa and LoKr are sums themselves, and both sides of the comparison round.
    terms = 4 * max(read.rank, 1) + 64
    floor = terms * SMALLEST * max(abs(live.scale), 1.0)
    if bool(((found - expected).abs() > terms * SUM_ERROR * size + floor).any()):
        return Phrase(PRODUCT, name=name)
    return None


def _plain(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")

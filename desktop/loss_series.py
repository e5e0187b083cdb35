"""The numbers behind the chart of the loss: a million of them are drawn as quickly as a thousand.

Without Qt; arrays that grow, averages that go on where they stood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.run_records import SMOOTHING

BLOCK = 256  # values that are averaged by one product of matrices
Numbers = np.ndarray  # of float64, one axis


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is to be drawn: the raw line with its highest and lowest points, and the smooth one."""

    raw: tuple[Numbers, Numbers]
    smooth: tuple[Numbers, Numbers]


class LossSeries:
    """Losses over steps, in rising order of the steps."""

    def __init__(self) -> None:
        self._steps = np.empty(1024)
        self._losses = np.empty(1024)
        self._smooth = np.empty(1024)
        self._num_smooth = 0  # so many of the averages are up to date
        self._average = _Average(SMOOTHING)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def clear(self) -> None:
        self._forget_from(0)

    def add(self, step: int, loss: float) -> None:
        """A resumed run repeats steps: those that were known from this one on are forgotten."""
        if self._count and self._steps[self._count - 1] >= step:
            self._forget_from(int(np.searchsorted(self._steps[: self._count], step)))
        if self._count == len(self._steps):
            for name in ("_steps", "_losses", "_smooth"):
                old = getattr(self, name)
                setattr(self, name, np.concatenate([old, np.empty_like(old)]))
        self._steps[self._count], self._losses[self._count] = step, loss
        self._count += 1

    def smooth_by(self, weight: float) -> None:
        """`weight` of what was before, in [0, 1)."""
        self._average = _Average(weight)
        self._num_smooth = 0

    @property
    def ends(self) -> tuple[int, float, float]:
        """Last step, its smoothed loss, and the first one. Raises IndexError while empty."""
        smooth = self._smoothed()
        return int(self._steps[: self._count][-1]), float(smooth[-1]), float(smooth[0])

    def drawn(self, most: int) -> Drawn:
        """At most `most` points of each line."""
        steps, losses = self._steps[: self._count], self._losses[: self._count]
        stride = -(-self._count // most) or 1
        thin = slice(None, None, stride)
        smooth = (steps[thin], self._smoothed()[thin])
        if stride == 1:
            return Drawn((steps, losses), smooth)
        return Drawn(_peaks(steps, losses, 2 * stride), smooth)

    def _forget_from(self, count: int) -> None:
        self._count = count
        if self._num_smooth > count:
            self.smooth_by(self._average.weight)

    def _smoothed(self) -> Numbers:
        new = self._losses[self._num_smooth : self._count]
        self._smooth[self._num_smooth : self._count] = self._average.go_on(new)
        self._num_smooth = self._count
        return self._smooth[: self._count]


class _Average:
    """The same as `engine.run_records.smoothed`, in pieces and in blocks."""

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self._sum = self._total = 0.0
        places = np.arange(BLOCK)
        powers = weight ** np.maximum(places[:, None] - places[None, :], 0)
        self._kernel = (1 - weight) * np.tril(powers)
        self._decay = weight ** (places + 1.0)

    def go_on(self, values: Numbers) -> Numbers:
        """Averages after each of the next values. A value that is none leaves the average."""
        before = self._sum / self._total if self._total else np.nan
        good = np.isfinite(values)
        kept = values[good]
        found = np.empty(len(kept))
        for start in range(0, len(kept), BLOCK):
            part = kept[start : start + BLOCK]
            size = len(part)
            sums = self._kernel[:size, :size] @ part + self._decay[:size] * self._sum
            totals = self._kernel[:size, :size].sum(1) + self._decay[:size] * self._total
            found[start : start + size] = sums / totals
            self._sum, self._total = float(sums[-1]), float(totals[-1])
        if len(kept) == len(values):
            return found
        places = np.cumsum(good)  # how many averages there are up to each value
        none_yet = values if np.isnan(before) else before
        return np.where(places > 0, np.append(found, before)[places - 1], none_yet)


def _peaks(steps: Numbers, losses: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """Lowest and highest of each `size` values in turn, so that no spike is lost."""
    whole = len(losses) // size * size
    table = losses[:whole].reshape(-1, size)
    known = np.where(np.isfinite(table), table, 0.0)
    rows = np.arange(len(table)) * size
    pairs = np.sort(np.stack([rows + known.argmin(1), rows + known.argmax(1)], 1), axis=1)
    picked = np.concatenate([pairs.ravel(), np.arange(whole, len(losses))])
    return steps[picked], losses[picked]

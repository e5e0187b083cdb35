"""Where the loss is going, once the noise of single steps is taken out."""

from __future__ import annotations

from collections.abc import Iterator

from engine.events import Event, Noticed, RunStarted, StepFinished
from engine.notices import LossRising

SMOOTHING = 0.98  # of an average that forgets; half of it is the last 34 steps
SETTLED = 50  # steps before which the average says little
TOO_HIGH = 2.0  # times its lowest
FOR_SHARE = 0.1  # of all steps


class Trend:
    """The exponential average, divided by the weight that it has gathered, so that its first
    values are no lower than the losses are."""

    def __init__(self, steps: int) -> None:
        self.lowest_step = 0
        self._lowest = float("inf")
        self._sum = self._weight = 0.0
        self._seen = self._high = 0
        self._patience = max(1, round(FOR_SHARE * steps))
        self._told = False

    def rises(self, step: int, loss: float) -> bool:
        """Take one loss; True once, when the average has long been twice its lowest."""
        self._sum = SMOOTHING * self._sum + (1 - SMOOTHING) * loss
        self._weight = SMOOTHING * self._weight + (1 - SMOOTHING)
        self._seen += 1
        average = self._sum / self._weight
        if self._seen < SETTLED:
            return False
        if average < self._lowest:
            self._lowest, self.lowest_step = average, step
        self._high = self._high + 1 if average > TOO_HIGH * self._lowest else 0
        if self._told or self._high < self._patience:
            return False
        self._told = True
        return True


def warn_of_rising_loss(events: Iterator[Event]) -> Iterator[Event]:
    """The events of a run, and a notice where its loss rises for a tenth of it."""
    trend: Trend | None = None
    for event in events:
        yield event
        if isinstance(event, RunStarted):
            trend = Trend(event.steps)
        elif (
            isinstance(event, StepFinished)
            and trend is not None
            and trend.rises(event.step, event.loss)
        ):
            yield Noticed(notice=LossRising(step=trend.lowest_step))

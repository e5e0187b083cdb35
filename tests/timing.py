"""Time in tests: how long to wait for something, and how to compare two costs.

No test may depend on how fast the machine is. A wait ends in PATIENCE only where the program
hangs. A cost is compared with another cost of the same run, in CPU seconds of this thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 900  # seconds


def cpu_seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """CPU seconds of this thread that `work` costs, in the cheapest of the rounds."""
    costs = []
    for _ in range(rounds):
        started = time.thread_time()
        work()
        costs.append(time.thread_time() - started)
    return min(costs)


def a_million_additions() -> int:
    """A unit of cost: some hundredths of a second, on any machine."""
    total = 0
    for number in range(1_000_000):
        total += number
    return total


def wait_for(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return once the condition holds. Raises TimeoutError that names what did not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.01)

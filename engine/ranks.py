"""What the processes of one run say to each other besides gradients.

All of it goes through torch's key-value store, the one that the processes found each other with:
no collective call, so nothing waits for a graphics card and nobody is left in a call that the
others never make. A process that fails says so there, and all end with its sentence.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from enum import IntFlag
from typing import Any, TypeVar

import torch.distributed as dist
from accelerate import Accelerator

from engine.errors import OtherProcessFailed, UserError
from engine.events import Event, RunFailed, failure_of
from engine.json_reading import parse_json
from engine.wording import QT_TRANSLATE_NOOP, Phrase

SHORTEST_POLL, LONGEST_POLL = 0.0002, 0.05
LOOK_SECONDS = 0.25  # between two looks whether another process has failed
WORD_SECONDS = 5.0  # that a failed process has to say why, after its connection broke
LEAVE_SECONDS = 20.0  # that the others have to end: torchrun kills them when the first is gone
KEPT_TURNS = 1000  # no process can be so far behind another

T = TypeVar("T")
_FAILED, _LEFT, _DONE = "failed", "left", "done"
_runs = itertools.count()  # of this process; the same in all
_SILENT = QT_TRANSLATE_NOOP("engine", "it ended without saying why")


class Order(IntFlag):
    """What all processes do next; the first one decides. One number holds all of it."""

    GO_ON = 0
    STOP = 1
    PAUSE = 2
    GO_BACK = 4
    ENOUGH = 8  # the judge is satisfied


class Ranks:
    """The processes of a run, seen from one of them. A process alone never waits."""

    def __init__(self, index: int = 0, count: int = 1, store: dist.Store | None = None) -> None:
        self.index, self.count = index, count
        self._store = store
        self._turn = self._works = 0

    @classmethod
    def of(cls, accelerator: Accelerator) -> Ranks:
        if accelerator.num_processes == 1:
            return cls()
        store = dist.TCPStore(
            os.environ["MASTER_ADDR"],
            int(os.environ["MASTER_PORT"]),
            is_master=False,
            wait_for_workers=False,
            timeout=timedelta(seconds=60),
        )
        store = dist.PrefixStore(f"imprint/{next(_runs)}", store)
        return cls(accelerator.process_index, accelerator.num_processes, store)

    @property
    def is_first(self) -> bool:
        return self.index == 0

    def agree(self, order: Order) -> Order:
        """What the first process wants, at the same moment of the run in all processes."""
        if self._store is None:
            return order
        self._turn += 1
        key = f"turn/{self._turn}"
        if not self.is_first:
            return Order(int(self.hear(key)))
        self._raise_if_failed()
        self.tell(key, str(int(order)))
        if self._turn > KEPT_TURNS:
            self._store.delete_key(f"turn/{self._turn - KEPT_TURNS}")
        return order

    def share(self, name: str, make: Callable[[], str]) -> str:
        """A text that the first process makes, in all processes."""
        if self._store is None:
            return make()
        if self.is_first:
            self.tell(f"shared/{name}", make())
        return self.hear(f"shared/{name}")

    def first_alone(
        self, work: Callable[[], Generator[Event, None, T]]
    ) -> Generator[Event, None, T]:
        """The first process works; then the others, who find on the disk what it left there."""
        self._works += 1
        key = f"works/{self._works}"
        if not self.is_first:
            self.hear(key)
        result = yield from work()
        if self.is_first:
            self.tell(key, "done")
        return result

    def tell(self, key: str, text: str) -> None:
        if self._store is not None:
            self._store.set(key, text)

    def hear(self, key: str) -> str:
        """Wait for a text, however long. Raises OtherProcessFailed."""
        if self._store is None:
            raise ValueError("a process alone hears nothing")
        pause, looked = SHORTEST_POLL, time.monotonic()
        while True:
            try:
                if self._store.check([key]):
                    return self._store.get(key).decode()
            except dist.DistError as error:  # the process that held the store is gone
                raise self._other(1, Phrase(_SILENT)) from error
            if time.monotonic() - looked >= LOOK_SECONDS:
                looked = time.monotonic()
                self._raise_if_failed()
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_POLL)

    def finish(self) -> None:
        """The others wait until the first process has written everything."""
        if self.is_first:
            self.tell(_DONE, "done")
        else:
            self.hear(_DONE)

    def fate_of(self, error: Exception) -> Exception:
        """What this process ends with after an error: its own one, which the others then hear of,
        or the failure of another that caused it."""
        if self._store is None or isinstance(error, OtherProcessFailed):
            self._cut_off()
            return error
        broken = isinstance(error, RuntimeError) and not isinstance(error, UserError)
        other = self._failure(WORD_SECONDS if broken and _is_connection(error) else 0.0)
        if other is None:
            ended = failure_of(error)
            reason = str(ended.error.sentence) if isinstance(ended, RunFailed) else repr(error)
            with contextlib.suppress(dist.DistError):  # the first failure counts
                self._store.compare_set(_FAILED, "", json.dumps([self.index, reason]))
        self._cut_off()
        return error if other is None else other

    def leave(self) -> None:
        """Wait a while for the others to end: the launcher kills whoever is left."""
        if self._store is None:
            return
        with contextlib.suppress(dist.DistError):
            ended = self._store.add(_LEFT, 1)
            until = time.monotonic() + LEAVE_SECONDS
            while ended < self.count and time.monotonic() < until:
                time.sleep(LONGEST_POLL)
                ended = self._store.add(_LEFT, 0)

    def _raise_if_failed(self) -> None:
        other = self._failure(0.0)
        if other is not None:
            raise other

    def _failure(self, seconds: float) -> OtherProcessFailed | None:
        """Another process's, within so many seconds."""
        until = time.monotonic() + seconds
        while self._store is not None:
            with contextlib.suppress(dist.DistError):
                if self._store.check([_FAILED]):
                    index, reason = parse_json(self._store.get(_FAILED))
                    return None if index == self.index else self._other(index + 1, reason)
            if time.monotonic() >= until:
                return self._other_unknown() if seconds else None
            time.sleep(LONGEST_POLL)
        return None

    def _other_unknown(self) -> OtherProcessFailed:
        return self._other(1 if self.index else 2, Phrase(_SILENT))

    def _other(self, number: int, reason: str) -> OtherProcessFailed:
        return OtherProcessFailed(number=number, count=self.count, reason=reason)

    def _cut_off(self) -> None:
        """End the collective calls that the others are waiting in."""
        if self._store is None or not dist.is_initialized():
            return
        with contextlib.suppress(Exception):
            if dist.get_backend() == "gloo":
                dist.destroy_process_group()
            else:  # NCCL would wait for kernels that never end
                abort: Any = getattr(dist.distributed_c10d, "_abort_process_group", None)
                if abort is not None:
                    abort()


def _is_connection(error: Exception) -> bool:
    """Whether a collective call ended because another process was gone."""
    text = str(error).lower()
    signs = ("connection", "peer", "gloo", "nccl", "process group", "timed out")
    return isinstance(error, dist.DistError) or any(sign in text for sign in signs)


@contextlib.contextmanager
def together(accelerator: Accelerator) -> Iterator[Ranks]:
    """The processes of a run end together: the failure of one ends all."""
    ranks = Ranks.of(accelerator)
    try:
        yield ranks
    except GeneratorExit:
        raise
    except Exception as error:
        fate = ranks.fate_of(error)
        if fate is error:
            raise
        raise fate from error
    finally:
        ranks.leave()


def sharing_fate(ranks: Ranks, events: Iterator[Event]) -> Iterator[Event]:
    """Inside the record, so that the failure of another process is written down too."""
    try:
        yield from events
        ranks.finish()
    except Exception as error:
        fate = ranks.fate_of(error)
        if fate is error:
            raise
        raise fate from error

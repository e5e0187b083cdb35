"""One target, so many inputs, in a process with little memory and a clock.

python -m tests.fuzz.throw TARGET SEED COUNT FOLDER

The input at hand lies in FOLDER/input before it is read, so that one that ends the process is known.
"""

from __future__ import annotations

import contextlib
import json
import random
import resource
import signal
import sys
import warnings
from collections import Counter
from pathlib import Path

from tests.fuzz.mutator import mutated
from tests.fuzz.targets import TARGETS

MOST_BYTES = 6 << 30  # of addresses, torch's libraries among them
MOST_SECONDS = 5
MOST_FOUND = 5


class TooSlowError(Exception):
    pass


def _ring(*_: object) -> None:
    raise TooSlowError


def throw(name: str, seed: int, count: int, folder: Path) -> dict:
    target = TARGETS[name]
    seeds = target.seeds()
    path = folder / f"input{target.suffix}"
    for data in seeds:  # all is imported before memory is counted
        path.write_bytes(data)
        with contextlib.suppress(*target.refusals):
            target.read(path)
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    found = []
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    signal.signal(signal.SIGALRM, _ring)
    for number in range(count):
        data = mutated(seeds, chance, target.longest)
        path.write_bytes(data)
        signal.alarm(MOST_SECONDS)
        try:
            target.read(path)
            counts["taken"] += 1
        except target.refusals:
            counts["refused"] += 1
        except BaseException as error:  # noqa: BLE001 (that is what is looked for)
            kept = folder / f"found-{name}-{seed}-{number}{target.suffix}"
            kept.write_bytes(data)
            found.append(f"{type(error).__name__}: {error} ({kept.name})"[:300])
            if len(found) == MOST_FOUND:
                break
        finally:
            signal.alarm(0)
    path.unlink()
    return {**counts, "inputs": counts.total() + len(found), "found": found}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(throw(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))))

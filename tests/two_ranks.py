"""Started by torchrun: main.py as it is, and afterwards what this process holds in memory.

torchrun --nproc_per_node 2 tests/two_ranks.py FOLDER train config.json --json

IMPRINT_FAULT=RANK:PLACE lets one process fail there; PLACE is a dotted name of the program.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    out = Path(sys.argv.pop(1))
    sys.path.insert(0, str(ROOT))
    from engine import assembly
    from engine.data.latents import hash_weights
    from engine.models.stable_diffusion import StableDiffusion

    loaded, original = [], assembly.load_model
    assembly.load_model = lambda *given, **more: (
        loaded.append(original(*given, **more)) or loaded[-1]
    )
    encoded, encode = [], StableDiffusion.encode_images
    StableDiffusion.encode_images = lambda *given: encoded.append(1) or encode(*given)
    break_at(os.environ.get("IMPRINT_FAULT", ""))
    sys.argv[0] = str(ROOT / "main.py")
    code: object = None
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as ended:
        code = ended.code
        raise
    finally:
        hashes = [hash_weights(part.module) for part in loaded[0].parts()] if loaded else []
        told = {"hashes": hashes, "encoded": len(encoded), "code": code}
        (out / f"rank{os.environ['RANK']}.json").write_text(json.dumps(told), "utf-8")


def break_at(fault: str) -> None:
    """The disk is full there; the second time where the place ends in "+"."""
    rank, _, place = fault.partition(":")
    if rank != os.environ["RANK"]:
        return
    from engine.errors import DiskFull

    owner, _, name = place.rstrip("+").rpartition(".")
    module, _, kind = owner.partition("/")
    target = getattr(import_module(module), kind) if kind else import_module(module)
    real, calls = getattr(target, name), []

    def full(*given: object, **more: object) -> object:
        calls.append(1)
        if len(calls) > place.count("+"):
            raise DiskFull(folder="/full", need_mib=2.0, free_mib=1.0)
        return real(*given, **more)

    setattr(target, name, full)


if __name__ == "__main__":
    main()

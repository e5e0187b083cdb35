"""Started by torchrun: main.py as it is, and afterwards what this process holds in memory.

torchrun --nproc_per_node 2 tests/two_ranks.py FOLDER train config.json --json
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    out = Path(sys.argv.pop(1))
    sys.path.insert(0, str(ROOT))
    from engine import assembly
    from engine.data.latents import hash_weights

    loaded, original = [], assembly.load_model
    assembly.load_model = lambda *given, **more: (
        loaded.append(original(*given, **more)) or loaded[-1]
    )
    sys.argv[0] = str(ROOT / "main.py")
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        hashes = [hash_weights(part.module) for part in loaded[0].parts()]
        (out / f"rank{os.environ['RANK']}.json").write_text(json.dumps(hashes), "utf-8")


if __name__ == "__main__":
    main()

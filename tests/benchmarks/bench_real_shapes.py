"""Each method takes two steps at 256 px on random weights of a family's real shapes, and exports.

Makes the model on disk first (SD 1.5: 2.1 GB, SDXL: 6.9 GB), runs the command line as a user
would, one process a method, and prints one JSON line for each: peak memory, seconds, and what
the export report says.

    python tests/benchmarks/bench_real_shapes.py sd15 --keep /var/tmp/models
    python tests/benchmarks/bench_real_shapes.py sdxl --methods lora dreambooth
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from engine.watched import Watched, size_of  # noqa: E402

METHODS = ("lora", "textual_inversion", "hypernetwork", "dreambooth")
# What a computer of 24 GB needs for the largest; the rest is what `auto` chooses.
SETTINGS = {
    "sd15": (),
    "sdxl": ("training.precision=bf16",),
}
DREAMBOOTH = {
    "sd15": ("method.num_class_images=2", "sampling.num_inference_steps=2"),
    "sdxl": (
        "method.prior_weight=0",
        "training.weights=bf16",
        "training.gradient_checkpointing=on",
        "optimizer.name=adafactor",
        "optimizer.fused_backward=true",
    ),
}


def make_model(family: str, folder: Path) -> Path:
    """A single file of random weights in the real shapes; made once."""
    from tests import ldm_layout

    path = folder / f"{family}-random.safetensors"
    if not path.exists():
        ldm_layout.write(path, ldm_layout.CONFIGS / family)
    return path


def train(family: str, method: str, model: Path, out: Path, formats: list[str]) -> dict:
    """One run of the command line; what it said and what it took."""
    settings = [
        "training.resolution=256", "sampling.every_steps=0", "checkpoints.every_steps=0",
        "checkpoints.keep=2", *SETTINGS[family],
        *(DREAMBOOTH[family] if method == "dreambooth" else ()),
    ]  # fmt: skip
    if formats:
        settings.append(f"export.formats={json.dumps(formats)}")
    command = [
        sys.executable, str(ROOT / "main.py"), "train", "--json", "--method", method,
        "--images", str(ROOT / "resources/sample_project/images"), "--base", str(model),
        "--trigger", "sks", "--class-word", "cat", "--steps", "2", "--name", f"{family}-{method}",
        "--out", str(out), *(word for s in settings for word in ("--set", s)),
    ]  # fmt: skip
    run = Watched(command)
    lines = [json.loads(line) for line in run.lines()]
    steps = [line for line in lines if line["event"] == "StepFinished"]
    return {
        "family": family,
        "method": method,
        "exit_code": run.exit_code,
        "peak_rss_mib": run.peak_rss_mib,
        "seconds": round(run.seconds, 1),
        "step_seconds": [round(step["seconds"], 1) for step in steps],
        "losses": [step["loss"] for step in steps],
        "exports": [
            {key: line[key] for key in ("format", "keys", "largest_difference", "loads_in")}
            | {"mib": round(size_of(Path(line["path"])) / 2**20, 1)}
            for line in lines
            if line["event"] == "ExportChecked"
        ],
        "notices": [line["notice"]["summary"] for line in lines if line["event"] == "Noticed"],
        "failed": [line for line in lines if line["event"] in ("RunFailed", "RunCrashed")],
        "machine": platform.processor() or platform.machine(),
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", choices=SETTINGS)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--formats", nargs="+", default=[])
    parser.add_argument("--keep", type=Path, help="where the model lies, or is made and kept")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = parsed.keep or Path(work)
        folder.mkdir(parents=True, exist_ok=True)
        model = make_model(parsed.family, folder)
        for method in parsed.methods:
            line = train(parsed.family, method, model, Path(work) / "runs", parsed.formats)
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

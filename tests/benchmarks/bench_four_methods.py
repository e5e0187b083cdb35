"""The sample project through each of the four methods: one sheet of pictures, one line of figures.

Goes through the command line, one process a method, as a user would. The rows of the sheet have
the same prompts and seeds: the pictures, the base model, and each method's last samples.

    python tests/benchmarks/bench_four_methods.py --sheet docs/images/four-methods.png
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from engine.watched import Watched, size_of  # noqa: E402

METHODS = ("dreambooth", "lora", "textual_inversion", "hypernetwork")


def train(method: str, out: Path, extra: list[str]) -> dict:
    command = [
        sys.executable, str(ROOT / "main.py"), "train", "--json", "--method", method,
        "--name", f"sample-{method}", "--out", str(out), *extra,
    ]  # fmt: skip
    run = Watched(command)
    lines = [json.loads(line) for line in run.lines()]
    steps = [line for line in lines if line["event"] == "StepFinished"]
    exports = [line for line in lines if line["event"] == "ExportChecked"]
    folder = Path(next(line["folder"] for line in lines if line["event"] == "RunStarted"))
    return {
        "method": method,
        "steps": len(steps),
        "trainable": next(line["trainable"] for line in lines if line["event"] == "RunStarted"),
        "seconds": round(run.seconds, 1),
        "cpu_seconds": round(run.cpu_seconds, 1),
        "seconds_a_step": round(sum(step["seconds"] for step in steps) / len(steps), 3),
        "peak_rss_mib": run.peak_rss_mib,
        "file": [
            {"format": line["format"], "kib": round(size_of(Path(line["path"])) / 1024, 1)}
            for line in exports
        ],
        "largest_difference": max(line["largest_difference"] for line in exports),
        "folder": str(folder),
    }


def write_sheet(path: Path, figures: list[dict]) -> None:
    from engine import sample_project, sheet
    from engine.methods.catalog import METHODS as CARDS

    pictures = sorted(sample_project.IMAGES.glob("*.png"))
    first = Path(figures[0]["folder"]) / "samples"
    rows = [("Pictures", pictures), ("The base model", sheet.samples_of(first, 0))]
    for line in figures:
        samples = Path(line["folder"]) / "samples"
        last = sheet.sampled_steps(samples)[-1]
        title = f"{CARDS[line['method']].title}, {last} steps"
        rows.append((title, sheet.samples_of(samples, last)))
    sheet.write_sheet(path, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--out", type=Path, help="where the runs are kept")
    parsed, extra = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as work:
        out = (parsed.out or Path(work)).absolute()
        figures = []
        for method in parsed.methods:
            figures.append(train(method, out, extra))
            print(json.dumps(figures[-1]), flush=True)
        if parsed.sheet:
            write_sheet(parsed.sheet.absolute(), figures)


if __name__ == "__main__":
    main()

"""Writes resources/method_figures.json, which the method cards show, out of a comparison's report.

python main.py compare tests/benchmarks/subjects/*.json --seeds 3 --out build/comparison
python packaging/method_figures.py build/comparison/report.json [report.json]

A second report gives the time of a step: of a comparison beside which nothing else ran.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import fmean, stdev

OUT = Path(__file__).parents[1] / "resources/method_figures.json"


def main(report: Path, quiet: Path) -> None:
    trials = json.loads(report.read_text("utf-8"))["trials"]
    timed = json.loads(quiet.read_text("utf-8"))["trials"]
    methods = {}
    for kind in dict.fromkeys(trial["method"] for trial in trials):
        own = [trial for trial in trials if trial["method"] == kind]
        gains = [t["scores"][-1]["likeness"] - t["scores"][-1]["base_likeness"] for t in own]
        methods[kind] = {
            "trials": len(own),
            **{
                name: round(fmean(trial[name] for trial in own), 4)
                for name in ("steps", "peak_bytes", "file_bytes")
            },
            "seconds_a_step": round(
                fmean(t["seconds_a_step"] for t in timed if t["method"] == kind), 4
            ),
            "gain": round(fmean(gains), 4),
            "gain_spread": round(stdev(gains), 4) if len(gains) > 1 else 0.0,
        }
    OUT.write_text(json.dumps({"methods": methods}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[-1]))

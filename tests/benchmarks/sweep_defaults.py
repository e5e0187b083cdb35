"""Rates, steps and sizes of each method on the starter model: where its defaults come from.

Every candidate trains on three subjects that the model has never seen; the judge scores each
checkpoint, so that one training tells of many numbers of steps. Further seeds are for the finalists
of each method alone, those that gained the most with the first: they tell how far the differences
can be believed. What is done is kept: run it again, and only what is missing is trained.

    python tests/benchmarks/sweep_defaults.py --seeds 3 --jobs 2 --table docs/defaults.md
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, stdev

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from engine.config_file import merge, read  # noqa: E402
from engine.control import Control  # noqa: E402
from engine.evaluation.comparison import Budget, TrialResult, compare  # noqa: E402
from engine.methods.catalog import METHODS  # noqa: E402
from engine.storage import sha256_of  # noqa: E402

RECORDS = ROOT / "docs/benchmarks/defaults-sweep.jsonl"
KEPT = ("step", "likeness", "base_likeness", "margin", "prompts", "drift", "copies")
SUBJECTS = ("cat", "monkeys", "toy")
STEPS, EVERY = 300, 100
FINALISTS = 2  # of each method, with seeds beyond the first
CHEAPER = {  # than a comparison: hundreds of trainings are ahead
    "sampling": {"num_inference_steps": 12},
    "evaluation": {"num_pictures": 4},
}
GRID: dict[str, list[dict]] = {
    "lora": [
        *({"learning_rate": rate} for rate in (1e-3, 3e-3, 1e-2)),
        *({"learning_rate": 1e-3, "rank": rank, "alpha": float(rank)} for rank in (2, 32)),
    ],
    "dreambooth": [{"learning_rate": rate} for rate in (3e-5, 1e-4, 5e-4)],
    "textual_inversion": [
        *({"learning_rate": rate} for rate in (3e-4, 3e-3, 3e-2)),
        {"learning_rate": 3e-4, "num_vectors": 1},
    ],
    "hypernetwork": [
        *({"learning_rate": rate} for rate in (3e-4, 1e-3, 3e-3)),
        {"learning_rate": 1e-3, "layer_structure": "1, 2, 1"},
    ],
}


def candidates(methods: list[str]) -> Iterator[tuple[str, dict, str]]:
    """Method, what differs from its preset, and a name for a folder."""
    for method in methods:
        for change in GRID[method]:
            name = "-".join(f"{key}={value}" for key, value in change.items())
            yield method, change, f"{method}-{name}".replace(" ", "").replace(",", "_")


def try_out(method: str, change: dict, seed: int, folder: Path, jobs: int) -> list[TrialResult]:
    asked = {}
    for subject in SUBJECTS:
        data = read(ROOT / f"tests/benchmarks/subjects/{subject}.json")
        own = {
            "methods": {method: {"method": change}},
            "training": {"steps": STEPS},
            "checkpoints": {"every_steps": EVERY, "keep": 2},
        }
        asked[subject] = merge(merge(data, CHEAPER), own)
    events = compare(asked, [method], [seed], Budget(), folder, jobs, Control())
    while True:
        try:
            next(events)
        except StopIteration as done:
            return done.value


class Records:
    """What was measured, a line for each training. Another starter model is measured anew."""

    def __init__(self, file: Path) -> None:
        self._file = file
        weights = sorted((ROOT / "resources/starter_model/unet").glob("*.safetensors"))
        self._model = sha256_of(weights[0])[:12]
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        known = [json.loads(line) for line in lines]
        self.rows = [row for row in known if row["model"] == self._model]

    def of(self, method: str, change: dict, seed: int | None = None) -> list[dict]:
        return [
            row
            for row in self.rows
            if row["method"] == method and row["change"] == change and seed in (None, row["seed"])
        ]

    def is_finalist(self, method: str, change: dict) -> bool:
        """Whether its best number of steps gained as much as those of the best few."""
        gains = {}
        for number, other in enumerate(GRID[method]):
            rows = rows_of(method, other, self.of(method, other, seed=0))
            gains[number] = max(row["gain"] for row in rows)
        best = sorted(gains, key=lambda number: gains[number], reverse=True)[:FINALISTS]
        return change in [GRID[method][number] for number in best]

    def add(self, change: dict, results: list[TrialResult]) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            for result in results:
                scores = [{name: round(score[name], 4) for name in KEPT} for score in result.scores]
                row = {
                    "model": self._model,
                    "method": result.method,
                    "change": change,
                    "subject": result.subject,
                    "seed": result.seed,
                    "scores": scores,
                }
                self.rows.append(row)
                file.write(json.dumps(row) + "\n")


def rows_of(method: str, change: dict, trials: list[dict]) -> Iterator[dict]:
    """One row for each number of steps."""
    for number in range(STEPS // EVERY):
        scores = [trial["scores"][number] for trial in trials]
        gains = [score["likeness"] - score["base_likeness"] for score in scores]
        yield {
            "method": method,
            "change": change,
            "steps": int(scores[0]["step"]),
            "trials": len(scores),
            "gain": fmean(gains),
            "gain_spread": stdev(gains) if len(gains) > 1 else 0.0,
            "margin": fmean(score["margin"] for score in scores),
            "prompts": fmean(score["prompts"] for score in scores),
            "drift": fmean(score["drift"] for score in scores),
            "copies": fmean(score["copies"] for score in scores),
        }


def as_table(rows: list[dict]) -> str:
    lines = []
    for method in dict.fromkeys(row["method"] for row in rows):
        lines += [
            f"### {METHODS[method].title}",
            "",
            "| setting | steps | trainings | likeness gained | margin | prompts | drift | copies |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for row in rows:
            if row["method"] == method:
                setting = ", ".join(f"{key} {value}" for key, value in row["change"].items())
                lines.append(
                    f"| {setting} | {row['steps']} | {row['trials']} "
                    f"| {row['gain']:.3f} ± {row['gain_spread']:.3f} "
                    f"| {row['margin']:.3f} | {row['prompts']:.0%} | {row['drift']:.3f} "
                    f"| {row['copies']:.0%} |"
                )
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", choices=GRID, default=list(GRID))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "build/sweep")
    parser.add_argument(
        "--records", type=Path, default=RECORDS, help="what is known is not done again"
    )
    parser.add_argument("--table", type=Path, help="where the table goes, between its marks")
    parsed = parser.parse_args()
    records = Records(parsed.records)
    for seed in range(parsed.seeds):  # every candidate once before any twice
        for method, change, name in candidates(parsed.methods):
            wanted = seed == 0 or records.is_finalist(method, change)
            if wanted and not records.of(method, change, seed):
                records.add(change, try_out(method, change, seed, parsed.out / name, parsed.jobs))
    rows = [
        row
        for method, change, _ in candidates(list(GRID))
        if (known := records.of(method, change))
        for row in rows_of(method, change, known)
    ]
    for row in rows:
        print(json.dumps(row), flush=True)
    if parsed.table:
        before, begin, rest = parsed.table.read_text("utf-8").partition("<!-- table -->")
        _, end, after = rest.partition("<!-- end of table -->")
        text = f"{before}{begin}\n\n{as_table(rows)}\n{end}{after}"
        parsed.table.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

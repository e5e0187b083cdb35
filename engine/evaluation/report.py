"""The report of a comparison: JSON for machines, HTML and Markdown for people, and sheets."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from engine import storage
from engine.data.pictures import PICTURE_SUFFIXES
from engine.evaluation.claims import CLAIMS, examine, in_words
from engine.evaluation.comparison import Budget, TrialResult
from engine.file_names import number_in
from engine.methods.catalog import METHODS
from engine.regular_files import paths_in
from engine.sheet import write_sheet

COLUMNS = 6

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1d23; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #d5d9e0; text-align: right; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; }
@media (prefers-color-scheme: dark) { body { color: #e6e8ec; background: #1a1d23; } }
"""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, what it says, a table and a picture; any of the last three may be empty."""

    title: str
    text: str = ""
    headers: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    picture: str = ""  # a file beside the report


def write_report(
    folder: Path,
    subjects: Mapping[str, dict[str, Any]],
    results: Sequence[TrialResult],
    budget: Budget,
) -> list[Path]:
    """The paths of what was written. Raises DiskFull or OutputNotWritable."""
    if not results:
        return []
    sections = [_costs(results, budget)]
    sheets = []
    for subject in subjects:
        own = [result for result in results if result.subject == subject]
        if own:
            sheet = folder / f"{subject}.png"
            write_sheet(sheet, _sheet_rows(subjects[subject], own))
            sheets.append(sheet)
            sections.append(_likeness(subject, own, sheet.name))
    findings = examine(results)
    if findings:
        sections.append(_claims(results))
    paths = [folder / f"report.{form}" for form in ("html", "md", "json")]
    storage.write_text(paths[0], _as_html(sections))
    storage.write_text(paths[1], _as_markdown(sections))
    storage.write_json(
        paths[2],
        {
            "budget": asdict(budget),
            "trials": [asdict(result) for result in results],
            "findings": [asdict(finding) for finding in findings],
        },
    )
    return [*paths, *sheets]


def _methods_in(results: Sequence[TrialResult]) -> list[str]:
    tried = {result.method for result in results}
    return [kind for kind in METHODS if kind in tried]


def _costs(results: Sequence[TrialResult], budget: Budget) -> Section:
    rows = []
    for kind in _methods_in(results):
        own = [result for result in results if result.method == kind]
        rows.append(
            (
                METHODS[kind].title,
                f"{own[0].trainable:,}",
                _spread([r.steps for r in own], 0),
                _spread([r.seconds_a_step for r in own], 3),
                _spread([r.cpu_seconds for r in own], 0),
                _spread([r.peak_bytes / 2**20 for r in own], 0),
                _spread([r.file_bytes / 1024 for r in own], 1),
            )
        )
    if budget.seconds is not None:
        text = f"Each training got {budget.seconds:g} seconds of steps."
    elif budget.steps is not None:
        text = f"Each training got {budget.steps} steps."
    else:
        text = "Each training got the steps of its method's preset."
    headers = (
        "Method", "learns", "steps", "s a step", "CPU s in all", "peak MiB", "file kiB"
    )  # fmt: skip
    return Section("What each costs", text, headers, tuple(rows))


def _likeness(subject: str, results: Sequence[TrialResult], sheet: str) -> Section:
    base = fmean(result.score["base_likeness"] for result in results)
    ceiling = fmean(result.score["ceiling"] for result in results)
    rows = []
    for kind in _methods_in(results):
        scores = [result.score for result in results if result.method == kind]
        rows.append(
            (
                METHODS[kind].title,
                _spread([s["likeness"] for s in scores], 3),
                _spread([s["likeness"] - s["base_likeness"] for s in scores], 3),
                _spread([s["margin"] for s in scores], 3),
                _spread([100 * s["prompts"] for s in scores], 0),
                _spread([s["drift"] for s in scores], 3),
                _spread([100 * s["copies"] for s in scores], 0),
            )
        )
    text = (
        f"Likeness of the base model {base:.3f}, of real pictures {ceiling:.3f}; "
        f"{len({result.seed for result in results})} trainings of each method."
    )
    headers = (
        "Method", "likeness", "gain", "margin", "prompts followed %", "drift", "copies %"
    )  # fmt: skip
    return Section(subject, text, headers, tuple(rows), sheet)


def _claims(results: Sequence[TrialResult]) -> Section:
    rows = []
    for found in examine(results):
        unit = next(claim.unit for claim in CLAIMS if claim.about == found.about)
        left, right = METHODS[found.left].title, METHODS[found.right].title
        rows.append(
            (
                f"{found.about}: {left} {found.relation} {right}",
                f"{found.left_mean:.3g} {unit}".strip(),
                f"{found.right_mean:.3g} {unit}".strip(),
                f"{found.standard_error:.2g}",
                found.verdict,
            )
        )
    text = "; ".join(f"{claim.about}: {in_words(claim)}" for claim in CLAIMS)
    headers = ("Claim", "left", "right", "standard error of the difference", "here")
    return Section("What the field says", f"{text}.", headers, tuple(rows))


def _spread(values: Sequence[float], digits: int) -> str:
    """Mean and standard deviation."""
    mean = f"{fmean(values):,.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {stdev(values):,.{digits}f}"


def _sheet_rows(
    settings: Mapping[str, Any], results: Sequence[TrialResult]
) -> list[tuple[str, list[Path]]]:
    """The pictures, the base model's answers, and each method's of its first seed."""
    folder = storage.expand(str(settings["dataset"]["folder"]))
    pictures = [path for path in paths_in(folder) if path.suffix.lower() in PICTURE_SUFFIXES]
    first = Path(results[0].folder) / "evaluation"
    rows = [("Pictures", pictures[:COLUMNS]), ("The base model", _answers(first, 0))]
    for kind in _methods_in(results):
        own = min((r for r in results if r.method == kind), key=lambda r: r.seed)
        step = int(own.score["step"])
        title = f"{METHODS[kind].title}, {step} steps"
        rows.append((title, _answers(Path(own.folder) / "evaluation", step)))
    return rows


def _answers(evaluation: Path, step: int) -> list[Path]:
    found = paths_in(evaluation / f"step_{step:06d}", "subject_*.png")
    numbers = {path: number for path in found if (number := number_in(path, 1)) is not None}
    return sorted(numbers, key=lambda path: numbers[path])[:COLUMNS]


def _as_html(sections: Sequence[Section]) -> str:
    body = ["<h1>Comparison</h1>"]
    for section in sections:
        body.append(f"<h2>{html.escape(section.title)}</h2>")
        if section.text:
            body.append(f"<p>{html.escape(section.text)}</p>")
        if section.rows:
            head = "".join(f"<th>{html.escape(text)}</th>" for text in section.headers)
            lines = [
                "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>"
                for row in section.rows
            ]
            body.append(f"<table><tr>{head}</tr>{''.join(lines)}</table>")
        if section.picture:
            name = html.escape(section.picture, quote=True)
            body.append(f'<img src="{name}" alt="{html.escape(section.title, quote=True)}">')
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Comparison</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _as_markdown(sections: Sequence[Section]) -> str:
    lines = ["# Comparison", ""]
    for section in sections:
        lines += [f"## {section.title}", ""]
        if section.text:
            lines += [section.text, ""]
        if section.rows:
            lines += [_row(section.headers), _row(["---"] * len(section.headers))]
            lines += [*map(_row, section.rows), ""]
        if section.picture:
            lines += [f"![{section.title}]({section.picture})", ""]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

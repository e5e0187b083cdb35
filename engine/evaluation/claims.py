"""What the field says of the four methods, and whether a comparison bears it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Literal

from engine.evaluation.comparison import TrialResult
from engine.methods.catalog import METHODS

Relation = Literal[">", ">>", "="]
MUCH = 2.0  # times as much, for ">>"
SAME = 0.1  # costs that are apart by less of the larger count as equal
FEWEST = 3  # trials of each method that tell an effect from chance
SIGMAS = 2.0  # standard errors of the paired differences that tell more from chance


@dataclass(frozen=True, slots=True)
class Claim:
    """A chain of methods, the first with the most of what is measured."""

    about: str
    unit: str
    measure: Callable[[TrialResult], float]
    chain: tuple[str | Relation, ...]
    is_cost: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One link of a chain."""

    about: str
    left: str
    relation: Relation
    right: str
    left_mean: float
    right_mean: float
    standard_error: float  # of the differences, paired by subject and seed
    verdict: Literal["confirmed", "contradicted", "not told apart"]


CLAIMS = (
    Claim(
        "effect (likeness gained)",
        "",
        lambda r: r.score["likeness"] - r.score["base_likeness"],
        ("dreambooth", ">", "lora", "=", "textual_inversion", ">", "hypernetwork"),
        is_cost=False,
    ),
    Claim(
        "memory (peak of the process)",
        "MiB",
        lambda r: r.peak_bytes / 2**20,
        ("dreambooth", ">>", "lora", "=", "hypernetwork", ">>", "textual_inversion"),
        is_cost=True,
    ),
    Claim(
        "time of a step",
        "s",
        lambda r: r.seconds_a_step,
        ("hypernetwork", ">", "textual_inversion", ">", "dreambooth", ">", "lora"),
        is_cost=True,
    ),
    Claim(
        "file",
        "kiB",
        lambda r: r.file_bytes / 1024,
        ("dreambooth", ">>", "lora", "=", "hypernetwork", ">>", "textual_inversion"),
        is_cost=True,
    ),
)


def examine(results: Sequence[TrialResult]) -> list[Finding]:
    """Every link of every claim whose two methods were tried."""
    return [
        _finding(claim, results, left, relation, right)
        for claim in CLAIMS
        for left, relation, right in _links(claim.chain)
        if {left, right} <= {result.method for result in results}
    ]


def in_words(claim: Claim) -> str:
    """ "DreamBooth >> LoRA = ..." """
    return " ".join(METHODS[word].title if word in METHODS else word for word in claim.chain)


def _links(chain: Sequence[str]) -> list[tuple[str, Relation, str]]:
    relations: list[tuple[str, Relation, str]] = []
    for left, relation, right in zip(chain[::2], chain[1::2], chain[2::2], strict=False):
        assert relation in (">", ">>", "=")
        relations.append((left, relation, right))  # type: ignore[arg-type]
    return relations


def _finding(
    claim: Claim, results: Sequence[TrialResult], left: str, relation: Relation, right: str
) -> Finding:
    table = {(r.method, r.subject, r.seed): claim.measure(r) for r in results}
    keys = [(s, n) for m, s, n in table if m == left and (right, s, n) in table]
    lefts = [table[left, *key] for key in keys]
    rights = [table[right, *key] for key in keys]
    differences = [a - b for a, b in zip(lefts, rights, strict=True)]
    error = stdev(differences) / sqrt(len(differences)) if len(differences) > 1 else 0.0
    a, b = fmean(lefts), fmean(rights)
    tells = claim.is_cost or len(differences) >= FEWEST
    verdict = _verdict(claim, relation, a, b, error) if tells else "not told apart"
    return Finding(claim.about, left, relation, right, a, b, error, verdict)


def _verdict(
    claim: Claim, relation: Relation, a: float, b: float, error: float
) -> Literal["confirmed", "contradicted", "not told apart"]:
    apart = abs(a - b) > SIGMAS * error and a != b
    if claim.is_cost:
        apart = apart and abs(a - b) > SAME * max(a, b)
    if relation == "=":
        return "contradicted" if apart else "confirmed"
    if not apart:
        return "not told apart"
    enough = a >= MUCH * b if relation == ">>" else a > b
    return "confirmed" if enough else "contradicted"

"""Guards what enters the repository: text ends with one newline, and no large file slips in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MIB = 1024**2
LARGEST = MIB
LARGEST_RESOURCE = 95 * MIB  # GitHub refuses files of 100 MiB
TEXT = {".py", ".md", ".toml", ".txt", ".json", ".yaml", ".yml", ".ts", ".svg", ".spec", ".sh", ""}
# Kept byte for byte: data of other makers, and odd inputs that were found once.
FOREIGN = ("resources/", "tests/fuzz/kept/")


def main(names: list[str]) -> int:
    """Check the named files, or all that git tracks; returns the exit code."""
    problems = [problem for name in names or _tracked() for problem in problems_of(ROOT, name)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def problems_of(root: Path, name: str) -> list[str]:
    """What is wrong with one file, as sentences."""
    path = root / name
    if not path.is_file():
        return []
    size = path.stat().st_size
    limit = LARGEST_RESOURCE if name.startswith("resources/") else LARGEST
    problems = []
    if size > limit:
        problems.append(f"{name} has {size / MIB:.1f} MiB; at most {limit / MIB:.0f} may enter.")
    if path.suffix in TEXT and size and not name.startswith(FOREIGN):
        end = path.read_bytes()[-2:]
        if not end.endswith(b"\n") or end == b"\n\n":
            problems.append(f"{name} must end with exactly one newline.")
    return problems


def _tracked() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode != 0:  # a source archive, or somebody else's checkout
        print(f"git could not list the files, so none were looked at. {listing.stderr.strip()}")
    return [name for name in listing.stdout.split("\0") if name]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

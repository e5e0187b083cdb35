"""Writes down which files make up the PyTorch for NVIDIA cards, for a release's program to fetch.

python packaging/bundle/card_table.py FILE [--index ADDRESS]

pip itself says which wheels it would install (`--dry-run --report`), with their addresses and
sums; nothing is downloaded but their metadata. See docs/decisions/0012.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

import bootstrap  # noqa: E402

# What differs between the two PyTorches; all else is in the program already.
PACK = re.compile(r"^(torch|triton|nvidia-.+|cuda-.+|pytorch-triton.*)$")
OLDEST_DRIVER = {"cu126": 560, "cu128": 570, "cu129": 575, "cu130": 580, "cu132": 595}
# Of the cards that PyTorch's builds for each are made for.
OLDEST_CAPABILITY = {
    "cu126": (5, 0), "cu128": (7, 0), "cu129": (7, 0), "cu130": (7, 5), "cu132": (7, 5)
}  # fmt: skip
KIND = "cu130"


def main(file: Path, index: str) -> int:
    wanted = f"torch=={bootstrap.read_pins()['torch']}"
    rows = [row for row in reported(wanted, index) if PACK.match(_plain(row["metadata"]["name"]))]
    torch = next(row for row in rows if row["metadata"]["name"] == "torch")
    table = {
        "torch": torch["metadata"]["version"],
        "python": f"cp{sys.version_info[0]}{sys.version_info[1]}",
        "oldest_driver": OLDEST_DRIVER[KIND],
        "oldest_capability": OLDEST_CAPABILITY[KIND],
        "files": [file_of(row) for row in rows],
    }
    file.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    total = sum(row["about_bytes"] for row in table["files"])
    print(f"{len(rows)} files, {total / 2**30:.2f} GiB")
    return 0


def _plain(name: str) -> str:
    """As package indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def reported(wanted: str, index: str) -> list[dict[str, Any]]:
    """pip's own answer to what it would install, as if nothing were there."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.json"
        subprocess.run(
            [
                sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed",
                "--only-binary", ":all:", "--quiet", "--index-url", index,
                "--report", str(report), wanted,
            ],
            check=True,
        )  # fmt: skip
        return json.loads(report.read_text("utf-8"))["install"]


def file_of(row: dict[str, Any]) -> dict[str, Any]:
    """One row of the table. Raises KeyError for a file whose sum the index does not tell."""
    told = row["download_info"]
    request = urllib.request.Request(told["url"], method="HEAD")
    with urllib.request.urlopen(request) as answer:
        size = int(answer.headers["Content-Length"])
    return {
        "name": row["metadata"]["name"],
        "file": told["url"].rpartition("/")[2].partition("#")[0].replace("%2B", "+"),
        "address": told["url"].partition("#")[0],
        "about_bytes": size,
        "sha256": told["archive_info"]["hashes"]["sha256"],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--index", default=bootstrap.TORCH_WHEELS + KIND)
    given = parser.parse_args()
    sys.exit(main(given.file, given.index))

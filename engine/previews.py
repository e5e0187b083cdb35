"""Sample pictures while training: fixed prompts and seeds, so that steps can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.config import SamplingSettings
from engine.errors import SamplesNotWritten, UserError
from engine.events import Event, Noticed, SampleReady, Stage, StageProgress
from engine.formats.png_text import save_png
from engine.models.base import DiffusionModel
from engine.sampler import SampleSettings, paint


@dataclass(frozen=True, slots=True)
class Previews:
    """Knows what to draw; never touches the training's randomness."""

    model: DiffusionModel
    settings: SamplingSettings
    prompts: tuple[str, ...]
    resolution: int
    clip_skip: int
    folder: Path
    device: torch.device

    def make(self, step: int, *, only_missing: bool = False) -> Iterator[Event]:
        """One picture for each prompt. A full disk costs the picture, not the training."""
        for number, prompt in enumerate(self.prompts, start=1):
            path = self.folder / f"step_{step:06d}_{number}_seed{self.settings.seed}.png"
            if only_missing and path.exists():
                continue
            yield StageProgress(stage=Stage.SAMPLE, done=number - 1, total=len(self.prompts))
            side = self.resolution // self.model.bucket_step * self.model.bucket_step
            wanted = SampleSettings(
                prompt=prompt,
                seed=self.settings.seed,
                width=side,
                height=side,
                num_inference_steps=self.settings.num_inference_steps,
                guidance_scale=self.settings.guidance_scale,
                clip_skip=self.clip_skip,
            )
            image = yield from paint(self.model, wanted, self.device)
            try:
                save_png(path, image, wanted, self.model.source.title, ())
            except UserError as error:
                yield Noticed(notice=SamplesNotWritten(reason=error.sentence))
                continue
            yield SampleReady(step=step, prompt=prompt, seed=wanted.seed, path=str(path))

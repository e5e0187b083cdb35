"""Sample pictures while training: fixed prompts and seeds, so that steps can be compared."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from PIL import Image

from engine.config import SamplingSettings
from engine.errors import DiskFull, UserError
from engine.events import Event, Noticed, SampleReady, Stage, StageProgress
from engine.formats.png_text import save_png
from engine.models.base import DiffusionModel
from engine.notices import SamplesNotWritten, SampleWaits
from engine.regular_files import is_there
from engine.sampler import SampleSettings, paint
from engine.yielding import ContextFactory, yield_outside

MOST_OWED = 64  # pictures in memory, some megabytes each


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
    # Drawn, but not written for lack of room: path -> step, picture, how it was drawn.
    _owed: dict[Path, tuple[int, Image.Image, SampleSettings]] = field(default_factory=dict)

    def make(
        self, step: int, context: ContextFactory, *, only_missing: bool = False
    ) -> Generator[Event, None, None]:
        """One picture for each prompt, the model called inside `context`. A full disk does not
        stop the training: see `settle`."""
        for number, prompt in enumerate(self.prompts, start=1):
            path = self._path(step, number)
            if only_missing and is_there(path):
                continue
            yield StageProgress(stage=Stage.SAMPLE, done=number - 1, total=len(self.prompts))
            wanted = self.settings_for(prompt, self.settings.seed)
            image = yield from self.paint(wanted, context)
            self._owed.pop(path, None)
            try:
                yield self._written(step, path, image, wanted)
            except DiskFull:
                if len(self._owed) < MOST_OWED:
                    self._owed[path] = (step, image, wanted)
                yield Noticed(notice=SampleWaits())
            except UserError as error:
                yield Noticed(notice=SamplesNotWritten(reason=error.sentence))

    def settle(self) -> Iterator[Event]:
        """Write the pictures that found no room. Raises DiskFull where there still is none.

        Called before each checkpoint: a run that goes on from one has all samples before it.
        """
        for path, (step, image, wanted) in list(self._owed.items()):
            try:
                yield self._written(step, path, image, wanted)
            except DiskFull:
                raise
            except UserError as error:
                yield Noticed(notice=SamplesNotWritten(reason=error.sentence))
            self._owed.pop(path, None)

    def forget_after(self, step: int) -> None:
        """What was drawn after a step will be drawn again."""
        for path in [path for path, owed in self._owed.items() if owed[0] > step]:
            del self._owed[path]

    def _written(
        self, step: int, path: Path, image: Image.Image, wanted: SampleSettings
    ) -> SampleReady:
        save_png(path, image, wanted, self.model.source.title, ())
        return SampleReady(step=step, prompt=wanted.prompt, seed=wanted.seed, path=str(path))

    def paint(
        self, wanted: SampleSettings, context: ContextFactory
    ) -> Generator[Event, None, Image.Image]:
        """Yield Heartbeats; return the picture, drawn inside `context`."""
        return yield_outside(context, paint(self.model, wanted, self.device))

    def settings_for(self, prompt: str, seed: int) -> SampleSettings:
        """How a picture of this run is drawn."""
        side = self.resolution // self.model.bucket_step * self.model.bucket_step
        return SampleSettings(
            prompt=prompt,
            seed=seed,
            width=side,
            height=side,
            num_inference_steps=self.settings.num_inference_steps,
            guidance_scale=self.settings.guidance_scale,
            clip_skip=self.clip_skip,
        )

    def find(self, step: int, prompt: str, seed: int) -> Path | None:
        """Where such a sample would lie; None where no sample is like it."""
        if prompt not in self.prompts or seed != self.settings.seed:
            return None
        return self._path(step, self.prompts.index(prompt) + 1)

    def _path(self, step: int, number: int) -> Path:
        return self.folder / f"step_{step:06d}_{number}_seed{self.settings.seed}.png"

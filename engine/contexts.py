"""What the text encoders say of prompts, kept for as long as it holds."""

from __future__ import annotations

import torch

from engine.models.base import Context, DiffusionModel

KEPT_CONTEXTS = 512  # shuffled captions are endless, memory is not


class Contexts:
    """Prompts -> context. Encoded once and kept while nothing that reads text learns."""

    def __init__(self, model: DiffusionModel, learns: bool, max_chunks: int) -> None:
        self._model = model
        self._learns = learns
        self._max_chunks = max_chunks
        self._known: dict[tuple[str, int], Context] = {}
        self._lengths: dict[str, int] = {}

    def get(self, captions: tuple[str, ...]) -> Context:
        """All of one length, that of the longest caption."""
        if self._learns:
            return self._model.encode_prompts(captions, num_chunks=self._count(captions))
        if len(self._known) + len(captions) > KEPT_CONTEXTS:
            self._known.clear()
            self._lengths.clear()
        count = self._count(captions)
        for caption in captions:
            if (caption, count) not in self._known:
                with torch.no_grad():
                    context = self._model.encode_prompts([caption], num_chunks=count)
                self._known[caption, count] = context
        return Context.join([self._known[caption, count] for caption in captions])

    def of_base_model(self, captions: tuple[str, ...]) -> Context:
        """As `get`, but by the model as it is now; ask while it answers as the base model."""
        if not self._learns:
            return self.get(captions)
        return self._model.encode_prompts(captions, num_chunks=self._count(captions))

    def _count(self, captions: tuple[str, ...]) -> int:
        return min(max(self._num_chunks(text) for text in captions), self._max_chunks)

    def _num_chunks(self, caption: str) -> int:
        if caption not in self._lengths:
            self._lengths[caption] = self._model.num_chunks(caption)
        return self._lengths[caption]

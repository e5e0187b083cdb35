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

    def num_chunks(self, captions: tuple[str, ...]) -> int:
        """Of 75 tokens, that the longest of these captions needs; no more than are allowed."""
        return min(max(self._chunks_of(text) for text in captions), self._max_chunks)

    def get(self, captions: tuple[str, ...], num_chunks: int) -> Context:
        """All of one length."""
        if self._learns:
            return self._model.encode_prompts(captions, num_chunks=num_chunks)
        if len(self._known) + len(captions) > KEPT_CONTEXTS:
            self._known.clear()
            self._lengths.clear()
        for caption in captions:
            if (caption, num_chunks) not in self._known:
                with torch.no_grad():
                    context = self._model.encode_prompts([caption], num_chunks=num_chunks)
                self._known[caption, num_chunks] = context
        return Context.join([self._known[caption, num_chunks] for caption in captions])

    def of_base_model(self, captions: tuple[str, ...], num_chunks: int) -> Context:
        """As `get`, but by the model as it is now; ask while it answers as the base model."""
        if not self._learns:
            return self.get(captions, num_chunks)
        return self._model.encode_prompts(captions, num_chunks=num_chunks)

    def _chunks_of(self, caption: str) -> int:
        if caption not in self._lengths:
            self._lengths[caption] = self._model.num_chunks(caption)
        return self._lengths[caption]

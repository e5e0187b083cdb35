"""CLIP text encoders: prompts -> chunks of 77 tokens -> hidden states, with words that were taught.

A taught word stands in the prompt as ordinary text and in the tokens as a run of placeholders;
its vectors are laid over what the token table says at those places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import CLIPTokenizer

from engine.models.base import Context
from engine.plain_text import whole_characters
from engine.prompts import BREAK, Chunk, Piece, TokenPiece, make_chunks, parse_emphasis
from engine.trigger import folded, split

CHUNK = 75  # tokens of a chunk, without the two marks
MAX_VECTORS = CHUNK  # of one word; it must fit into a chunk
EMPTY = Chunk([], [])


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """One text encoder with its tokenizer."""

    name: str  # part name
    module: Any  # CLIPTextModel or CLIPTextModelWithProjection
    tokenizer: CLIPTokenizer
    pad_id: int

    @property
    def trunk(self) -> Any:
        """The transformer, without the projection that some encoders have around it."""
        return getattr(self.module, "text_model", self.module)

    @property
    def table(self) -> nn.Embedding:
        return self.trunk.embeddings.token_embedding


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a family reads its encoders."""

    layers_before_end: int  # 0: the last layer
    final_norm: bool
    sums_up: bool  # whether the last encoder's pooled output is wanted
    zero_empty_prompt: bool = False  # the empty prompt is all zeros


class TextReader:
    """All text encoders of a model, read as one."""

    def __init__(self, encoders: Sequence[TextEncoder], reading: Reading) -> None:
        self.encoders = list(encoders)
        self.clip_skip = 1
        self._reading = reading
        self._words: dict[str, Mapping[str, Tensor]] = {}
        tokenizer = encoders[0].tokenizer  # all share one vocabulary
        self._tokenizer = tokenizer
        self._comma: int = self.token_ids(",")[0]

    @property
    def largest_clip_skip(self) -> int:
        """With it the shortest encoder is read after its first layer."""
        layers = min(len(encoder.trunk.encoder.layers) for encoder in self.encoders)
        return layers - self._reading.layers_before_end

    def token_ids(self, text: str) -> list[int]:
        text = whole_characters(text)
        return list(self._tokenizer(text, add_special_tokens=False, truncation=False).input_ids)

    def teach(self, word: str, vectors: Mapping[str, Tensor]) -> None:
        self._words[folded(word)] = vectors

    def forget(self, word: str) -> None:
        self._words.pop(folded(word), None)

    def num_chunks(self, prompt: str) -> int:
        return len(self._chunks(prompt, emphasis=False))

    def calls(self, prompt: str, word: str, max_chunks: int) -> bool:
        """See DiffusionModel.calls_word."""
        first = list(self._words).index(folded(word)) * MAX_VECTORS
        places = range(-first - MAX_VECTORS, -first)
        chunks = self._chunks(prompt, emphasis=False)[:max_chunks]
        return any(token in places for chunk in chunks for token in chunk.ids)

    def encode(self, prompts: Sequence[str], num_chunks: int | None, *, emphasis: bool) -> Context:
        """See DiffusionModel.encode_prompts."""
        chunks = [self._chunks(prompt, emphasis=emphasis) for prompt in prompts]
        count = num_chunks or max(len(found) for found in chunks)
        rows = [[*found, *[EMPTY] * count][:count] for found in chunks]
        encoded = [self._encode_with(encoder, rows) for encoder in self.encoders]
        tokens = torch.cat([hidden for hidden, _ in encoded], dim=-1)
        pooled = encoded[-1][1] if self._reading.sums_up else None
        empty = [number for number, prompt in enumerate(prompts) if not prompt.strip()]
        if self._reading.zero_empty_prompt and empty:
            keep = torch.ones(len(prompts), dtype=tokens.dtype, device=tokens.device)
            keep[empty] = 0
            tokens = tokens * keep[:, None, None]
            pooled = None if pooled is None else pooled * keep[:, None]
        return Context(tokens, pooled)

    def _chunks(self, prompt: str, *, emphasis: bool) -> list[Chunk]:
        pieces = parse_emphasis(prompt) if emphasis else [Piece(prompt, 1.0)]
        tokens: list[Any] = []
        for piece in pieces:
            if piece is BREAK:
                tokens.append(BREAK)
            else:
                tokens += self._token_pieces(piece.text, piece.weight)
        return make_chunks(tokens, self._comma) or [EMPTY]

    def _token_pieces(self, text: str, weight: float) -> Iterator[TokenPiece]:
        """Ordinary text as one piece, each taught word as a whole of its own."""
        for part, word in split(text, list(self._words)):
            if word:
                first = list(self._words).index(word) * MAX_VECTORS
                count = len(next(iter(self._words[word].values())))
                ids = tuple(-1 - number for number in range(first, first + count))
                yield TokenPiece(ids, weight, whole=True)
            elif part.strip():
                yield TokenPiece(tuple(self.token_ids(part)), weight, whole=False)

    def _encode_with(
        self, encoder: TextEncoder, rows: Sequence[Sequence[Chunk]]
    ) -> tuple[Tensor, Tensor | None]:
        """Hidden states (B, n * 77, width), and the pooled output of the first chunks."""
        flat = [chunk for row in rows for chunk in row]
        ids, overlay = self._ids(encoder, flat)
        device = encoder.table.weight.device
        with self._laid_over(encoder, overlay):
            hidden, last = self._hidden(encoder, ids.to(device))
        hidden = _weighted(hidden, flat)
        hidden = hidden.reshape(len(rows), -1, hidden.shape[-1])
        if not (self._reading.sums_up and encoder is self.encoders[-1]):
            return hidden, None
        firsts = range(0, len(flat), len(rows[0]))
        ends = [len(flat[first].ids) + 1 for first in firsts]
        return hidden, encoder.module.text_projection(last[list(firsts), ends])

    def _ids(
        self, encoder: TextEncoder, chunks: Sequence[Chunk]
    ) -> tuple[Tensor, list[tuple[int, int, Tensor]]]:
        """(N, 77) token ids, and (row, column, vector) of each place of a taught word."""
        tokenizer: Any = encoder.tokenizer
        words = list(self._words.values())
        table, overlay = [], []
        for row, chunk in enumerate(chunks):
            for column, token in enumerate(chunk.ids, start=1):
                if token < 0:  # a place of a taught word; what the table says there is not used
                    word, number = divmod(-1 - token, MAX_VECTORS)
                    overlay.append((row, column, words[word][encoder.name][number]))
            ids = [max(token, 0) for token in chunk.ids]
            padding = [encoder.pad_id] * (CHUNK - len(ids))
            table.append([tokenizer.bos_token_id, *ids, tokenizer.eos_token_id, *padding])
        return torch.tensor(table), overlay

    def _hidden(self, encoder: TextEncoder, ids: Tensor) -> tuple[Tensor, Tensor]:
        """What the family reads, and the last layer's output, both (N, 77, width)."""
        back = self._reading.layers_before_end + self.clip_skip
        if back == 1 and self._reading.final_norm:
            last = encoder.trunk(ids).last_hidden_state
            return last, last
        output = encoder.trunk(ids, output_hidden_states=True)
        hidden = output.hidden_states[-back]
        if self._reading.final_norm:
            hidden = encoder.trunk.final_layer_norm(hidden)
        return hidden, output.last_hidden_state

    @contextmanager
    def _laid_over(
        self, encoder: TextEncoder, overlay: Sequence[tuple[int, int, Tensor]]
    ) -> Iterator[None]:
        """Inside the block the token table answers with the words' vectors at their places."""
        if not overlay:
            yield
            return

        def lay(module: nn.Module, given: tuple[Tensor, ...], table: Tensor) -> Tensor:
            del module, given
            rows = torch.tensor([row for row, _, _ in overlay], device=table.device)
            columns = torch.tensor([column for _, column, _ in overlay], device=table.device)
            vectors = torch.stack([vector for _, _, vector in overlay]).to(table)
            return table.index_put((rows, columns), vectors)

        hook = encoder.table.register_forward_hook(lay)
        try:
            yield
        finally:
            hook.remove()


def _weighted(hidden: Tensor, chunks: Sequence[Chunk]) -> Tensor:
    """Each token's states times its weight, then the whole chunk back to the mean it had.

    This is AUTOMATIC1111's meaning of `(word:1.2)`.
    """
    if all(weight == 1.0 for chunk in chunks for weight in chunk.weights):
        return hidden
    factors = torch.ones(hidden.shape[:2], dtype=hidden.dtype)
    for row, chunk in enumerate(chunks):
        factors[row, 1 : 1 + len(chunk.weights)] = torch.tensor(chunk.weights, dtype=hidden.dtype)
    weighted = hidden * factors.to(hidden.device)[:, :, None]
    before = hidden.float().mean((1, 2), keepdim=True)
    after = weighted.float().mean((1, 2), keepdim=True)
    changed = (factors != 1).any(1).to(hidden.device)[:, None, None]
    return torch.where(changed, weighted * (before / after).to(hidden.dtype), hidden)

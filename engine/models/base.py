"""What every model family offers to the loop, the methods and the formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from engine.diffusion import NoiseSchedule
from engine.models.catalog import ModelSource


@dataclass(frozen=True, slots=True)
class Part:
    """One network of a model that weights can be taught to.

    `name` is stable: it begins the names of learnt weights and of cached files.
    """

    name: str  # "unet", "text_encoder", "text_encoder_2"
    module: nn.Module
    reads_text: bool


@dataclass(frozen=True, slots=True)
class Moments:
    """What the VAE says of a picture: mean and standard deviation of each latent value."""

    mean: Tensor  # (B, C, h, w), scaled to about unit variance
    std: Tensor  # (B, C, h, w)

    def sample(self, generator: torch.Generator | None) -> Tensor:
        """One draw, (B, C, h, w); without a generator the mean."""
        if generator is None:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator, dtype=torch.float32)
        return self.mean + self.std * noise.to(self.mean)


@dataclass(frozen=True, slots=True)
class Context:
    """What the text encoders make of prompts."""

    tokens: Tensor  # (B, T, width), T a multiple of 77
    pooled: Tensor | None = None  # (B, width) of the encoder that sums a prompt up, if any

    def __len__(self) -> int:
        return len(self.tokens)

    def rows(self, rows: slice) -> Context:
        return Context(self.tokens[rows], None if self.pooled is None else self.pooled[rows])

    @staticmethod
    def join(parts: Sequence[Context]) -> Context:
        """One after another, all of the same length."""
        pooled = [part.pooled for part in parts if part.pooled is not None]
        return Context(
            torch.cat([part.tokens for part in parts]), torch.cat(pooled) if pooled else None
        )


def plain_sizes(count: int, width: int, height: int) -> Tensor:
    """(B, 6): pictures that were drawn at this size and not cropped; see `predict`."""
    return torch.tensor([[height, width, 0, 0, height, width]] * count, dtype=torch.float32)


class DiffusionModel(Protocol):
    """A base model, whatever its family."""

    source: ModelSource
    noise_schedule: NoiseSchedule
    bucket_step: int  # sides of pictures must be multiples of this many pixels
    latent_channels: int
    latent_downscale: int  # pixels per latent value, along one side

    def parts(self) -> Iterator[Part]:
        """The networks that methods may change, the UNet first."""
        ...

    def swap_part(self, name: str, module: nn.Module) -> nn.Module:
        """Put another network in a part's place; returns the one that was there."""
        ...

    def freeze(self) -> None:
        """No weight of the base model learns, and no dropout is at work."""
        ...

    def to(self, device: torch.device, dtype: torch.dtype) -> None:
        """Move the UNet and the text encoders; the VAE stays in fp32."""
        ...

    def vae_module(self) -> nn.Module:
        """The autoencoder, to tell whether cached latents are its own."""
        ...

    def configs(self) -> Mapping[str, Mapping[str, object]]:
        """The config.json of every part, the autoencoder's included."""
        ...

    def set_clip_skip(self, clip_skip: int) -> int:
        """Read the text encoders so many layers before the end; 1 is where the family reads.

        Returns what it was before. Raises ClipSkipTooLarge where there are not so many layers.
        """
        ...

    def set_gradient_checkpointing(self, on: bool) -> None:
        """Work activations out again in the backward pass instead of keeping them."""
        ...

    def token_ids(self, text: str) -> list[int]:
        """The tokens of a text, without marks and padding; taught words are not looked up."""
        ...

    def num_chunks(self, prompt: str) -> int:
        """How many chunks of 75 tokens a prompt fills, at least 1."""
        ...

    def token_table(self, part: str) -> Tensor:
        """The vectors of the vocabulary of a text encoder, (tokens, width)."""
        ...

    def teach_word(self, word: str, vectors: Mapping[str, Tensor]) -> None:
        """From now on `word` in a prompt stands for these vectors.

        `vectors`: text encoder's part name -> (n, width), n the same for all. The tensors are
        kept, not copied: if they learn, gradients reach them. Replaces what the word meant.
        """
        ...

    def calls_word(self, prompt: str, word: str, max_chunks: int) -> bool:
        """Whether the first `max_chunks` chunks of a prompt hold vectors of a taught word."""
        ...

    def forget_word(self, word: str) -> None:
        """The word is ordinary text again."""
        ...

    def encode_images(self, pixels: Tensor) -> Moments:
        """Pixels (B, 3, H, W) in [-1, 1] -> moments of the scaled latents."""
        ...

    def encode_prompts(
        self, prompts: Sequence[str], *, num_chunks: int | None = None, emphasis: bool = False
    ) -> Context:
        """Texts -> context. Gradients flow if a text encoder or a word learns.

        All prompts get `num_chunks` chunks of 75 tokens, filled with padding or cut; None means
        as many as the longest needs. `emphasis` reads `(word:1.2)` as AUTOMATIC1111 does;
        without it brackets are text.
        """
        ...

    def predict(self, noisy: Tensor, timesteps: Tensor, context: Context, sizes: Tensor) -> Tensor:
        """What the UNet says: noise or velocity, see `noise_schedule.prediction_type`.

        noisy (B, C, h, w), timesteps (B,), whole numbers or some samplers' fractions ->
        (B, C, h, w). `sizes` (B, 6) holds original
        height and width, top and left of the crop, target height and width, all in pixels;
        families that do not look at sizes leave them aside.
        """
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Scaled latents (B, C, h, w) -> pixels (B, 3, H, W) in [-1, 1]."""
        ...

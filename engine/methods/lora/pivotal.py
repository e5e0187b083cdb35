"""Pivotal tuning: an add-on and the new word that calls it, in one run and as two files.

After Roich et al. 2021 (*Pivotal Tuning for Latent-based Editing of Real Images*): first a word is
found that comes close, then the model moves to meet it. Here both learn at once and the word may
stand still early.
"""

from __future__ import annotations

from dataclasses import replace

from engine.methods.base import Method, ParameterGroup, Subject
from engine.methods.lora.method import Lora
from engine.methods.lora.settings import LoraSettings
from engine.methods.textual_inversion.method import TextualInversion
from engine.methods.textual_inversion.settings import TextualInversionSettings
from engine.methods.together import Together


def build(settings: LoraSettings, subject: Subject) -> Method:
    """LoRA, with a new word beside it where one is wanted."""
    if settings.word_vectors == 0:
        return Lora(settings, subject)
    word = TextualInversionSettings(
        num_vectors=settings.word_vectors, learning_rate=settings.word_learning_rate
    )
    members = Lora(settings, subject), _Word(word, subject, settings.text_until)
    return Together(settings, subject, members)


class _Word(TextualInversion):
    """A word that stands still when the text encoders do."""

    def __init__(self, settings: TextualInversionSettings, subject: Subject, until: float) -> None:
        super().__init__(settings, subject)
        self._until = until

    def parameter_groups(self) -> list[ParameterGroup]:
        return [replace(group, until=self._until) for group in super().parameter_groups()]

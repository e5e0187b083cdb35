"""Textual Inversion (Gal et al. 2022): nothing learns but the vectors of one new word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from engine.methods.base import Method, ParameterGroup
from engine.models.base import DiffusionModel
from engine.results import EmbeddingResult, Result
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_OTHER_KIND = QT_TRANSLATE_NOOP("engine", "it is no embedding for this kind of model")
_OTHER_SIZE = QT_TRANSLATE_NOOP(
    "engine",
    "it has {count} vectors of width {width}, this run has {own_count} of width {own_width}",
)
ORDINARY_WORD = "object"  # where the word begins if nothing is said


class TextualInversion(Method):
    """A few rows beside each text encoder's table; they alone have optimizer state."""

    _model: DiffusionModel

    @property
    def trains_text(self) -> bool:
        return True

    def attach(self, model: DiffusionModel) -> None:
        model.freeze()
        self._model = model
        phrase = self.settings.initializer or self.subject.class_word or ORDINARY_WORD
        ids = model.token_ids(phrase) or model.token_ids(ORDINARY_WORD)
        count = self.settings.num_vectors
        rows = [ids[place * len(ids) // count] for place in range(count)]
        self._vectors: dict[str, nn.Parameter] = {}
        self._longest: dict[str, Tensor] = {}
        for part in model.parts():
            if part.reads_text:
                table = model.token_table(part.name).detach()
                self._vectors[part.name] = nn.Parameter(table[rows].float().clone())
                ordinary = table.float().norm(dim=1).mean()
                self._longest[part.name] = ordinary * self.settings.max_norm
        model.teach_word(self.subject.trigger, self._vectors)

    def parameter_groups(self) -> list[ParameterGroup]:
        return [ParameterGroup("words", list(self._vectors.values()), self.settings.learning_rate)]

    def watched(self) -> list[ParameterGroup]:
        rate = self.settings.learning_rate
        return [
            ParameterGroup(f"word {self.subject.trigger}, {part}", [vectors], rate)
            for part, vectors in self._vectors.items()
        ]

    def occasional(self) -> list[nn.Parameter]:
        return list(self._vectors.values())

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        for part, vectors in self._vectors.items():
            yield f"{part}.vectors", vectors

    def results(self) -> tuple[EmbeddingResult]:
        vectors = {part: rows.detach() for part, rows in self._vectors.items()}
        return (EmbeddingResult(self.subject.trigger, vectors),)

    def adopt(self, result: Result) -> None:
        if not isinstance(result, EmbeddingResult) or result.vectors.keys() != self._vectors.keys():
            raise ValueError(Phrase(_OTHER_KIND))
        for part, rows in self._vectors.items():
            given = result.vectors[part]
            if given.shape != rows.shape:
                raise ValueError(
                    Phrase(
                        _OTHER_SIZE,
                        count=len(given),
                        width=given.shape[-1],
                        own_count=len(rows),
                        own_width=rows.shape[-1],
                    )
                )
            rows.data.copy_(given)

    @contextmanager
    def base_model(self) -> Iterator[None]:
        self._model.forget_word(self.subject.trigger)
        try:
            yield
        finally:
            self._model.teach_word(self.subject.trigger, self._vectors)

    @torch.no_grad()
    def after_step(self) -> None:
        """Vectors far longer than any word's drown the rest of the prompt."""
        if self.settings.max_norm == 0:
            return
        for part, rows in self._vectors.items():
            shrink = self._longest[part] / rows.norm(dim=1, keepdim=True).clamp(min=1e-12)
            # What was cut to the length may be longer by its last bit; it must not creep on.
            rows.mul_(torch.where(shrink < 1 - 1e-6, shrink, 1.0))

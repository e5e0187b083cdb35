"""Draws and grades the answers of a model on its way: the judge of one run.

The pictures lie in the run's `evaluation/`, so that a resumed run grades the same base answers
and a person can look at what was judged.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from engine.data.latents import CachedImage, to_pixels
from engine.data.pictures import PictureError, decode_any_size, read_file
from engine.errors import UserError
from engine.evaluation.exam import Exam, Question, for_the_trained
from engine.evaluation.networks import Network
from engine.evaluation.scores import Choice, Score, best_of, stands_still
from engine.events import CheckpointScored, Event, Noticed, Stage, StageProgress
from engine.formats.png_text import save_png
from engine.models.base import DiffusionModel
from engine.notices import NotScored
from engine.previews import Previews
from engine.sampler import paint

MOST_PICTURES = 64  # of a large set so many are compared with; likeness is a mean


@dataclass(slots=True, kw_only=True)
class Judge:
    """Knows the exam of a run and what it gave so far."""

    model: DiffusionModel
    network: Network
    questions: tuple[Question, ...]
    previews: Previews
    folder: Path
    trained: list[CachedImage]
    references: list[CachedImage]  # empty: the training pictures themselves
    patience: int
    scores: list[Score] = field(default_factory=list)
    _exam: Exam | None = None

    @property
    def choice(self) -> Choice | None:
        return best_of(self.scores)

    @property
    def is_satisfied(self) -> bool:
        """Whether further training has stopped to bring likeness."""
        return stands_still(self.scores, self.patience)

    def prepare(self, base_model: AbstractContextManager[None]) -> Generator[Event]:
        """Draw the base model's answers, inside `base_model`, and look at the user's pictures."""
        with base_model:
            base = yield from self._answers(0, self.questions)
        trained = self.network.pictures(list(self._through_vae(self.trained)))
        references = trained
        if self.references:
            references = self.network.pictures(list(self._through_vae(self.references)))
        self._exam = Exam(
            network=self.network,
            questions=self.questions,
            references=references,
            trained=trained,
            were_trained=not self.references,
            base=base,
        )

    def score(self, step: int) -> Iterator[Event]:
        """Draw and grade the answers of the model as it is now, unless that was done."""
        assert self._exam is not None
        if any(score.step == step for score in self.scores):
            return
        answers = yield from self._answers(step, for_the_trained(self.questions))
        score = self._exam.grade(step, answers)
        self.scores.append(score)
        choice = self.choice
        assert choice is not None
        yield CheckpointScored(
            step=step,
            likeness=score.likeness,
            base_likeness=score.base_likeness,
            ceiling=score.ceiling,
            margin=score.margin,
            prompts=score.prompts,
            drift=score.drift,
            copies=score.copies,
            best_step=choice.step,
            reason=choice.reason,
        )

    def _answers(self, step: int, questions: Iterable[Question]) -> Iterator[Event]:
        """Yield progress; return one unit vector for each question."""
        questions = list(questions)
        vectors: dict[Question, Tensor] = {}
        for count, question in enumerate(questions):
            yield StageProgress(stage=Stage.EVALUATE, done=count, total=len(questions))
            picture = yield from self._answer(step, question)
            vectors[question] = self.network.pictures([picture])[0]
        yield StageProgress(stage=Stage.EVALUATE, done=len(questions), total=len(questions))
        return vectors

    def _answer(self, step: int, question: Question) -> Iterator[Event]:
        """Yield heartbeats; return the picture (3, H, W), drawn unless it lies there already,
        perhaps among the samples."""
        path = self.folder / f"step_{step:06d}" / f"{question.name}.png"
        sample = None
        if step > 0:  # before the first step a new word is there already, which the base lacks
            sample = self.previews.find(step, question.prompt, question.seed)
        for known in (path, sample):
            if known is not None and known.is_file():
                try:
                    return to_pixels(decode_any_size(read_file(known)).convert("RGB"))[0]
                except PictureError:  # torn by a crash; draw it anew
                    continue
        wanted = self.previews.settings_for(question.prompt, question.seed)
        image = yield from paint(self.model, wanted, self.previews.device)
        try:
            save_png(path, image, wanted, self.model.source.title, ())
        except UserError as error:  # a full disk costs the picture, not the training
            yield Noticed(notice=NotScored(reason=error.sentence))
        return to_pixels(image)[0]

    @torch.no_grad()
    def _through_vae(self, images: list[CachedImage]) -> Iterator[Tensor]:
        """The pictures as the model's own autoencoder gives them back, (3, H, W).

        Compared with sharp pictures, blurred ones would beat those that are right.
        """
        step = -(-len(images) // MOST_PICTURES)
        for image in images[::step]:
            latents = image.upright.moments.mean.to(self.previews.device)
            yield self.model.decode(latents)[0].float().cpu()

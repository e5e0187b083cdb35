"""Draws and grades the answers of a model on its way: the judge of one run.

The pictures lie in the run's `evaluation/`, so that a resumed run grades the same base answers
and a person can look at what was judged.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from engine.data.latents import CachedImage, to_pixels
from engine.data.pictures import PictureError, decode_any_size, read_file
from engine.errors import UserError
from engine.evaluation.exam import Exam, Question, for_the_trained
from engine.evaluation.networks import Network
from engine.evaluation.scores import Choice, Score, best_of, stands_still
from engine.events import CheckpointScored, Event, Heartbeat, Noticed, Stage, StageProgress
from engine.formats.png_text import save_png
from engine.models.base import DiffusionModel
from engine.notices import NotScored
from engine.previews import Previews
from engine.regular_files import is_file
from engine.yielding import ContextFactory

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

    def prepare(self, context: ContextFactory) -> Generator[Event, None, None]:
        """Draw the base model's answers and look at the user's pictures.

        Call it before a method is attached to the model: a method that changes the weights
        themselves keeps no copy of the base model to draw with later.
        """
        base = yield from self._answers(0, self.questions, context)
        trained = yield from self._through_vae(self.trained)
        references = (yield from self._through_vae(self.references)) if self.references else trained
        self._exam = Exam(
            network=self.network,
            questions=self.questions,
            references=references,
            trained=trained,
            were_trained=not self.references,
            base=base,
        )

    def score(self, step: int, context: ContextFactory) -> Generator[Event, None, None]:
        """Draw the model's answers inside `context` and grade them, unless that was done."""
        assert self._exam is not None
        if any(score.step == step for score in self.scores):
            return
        answers = yield from self._answers(step, for_the_trained(self.questions), context)
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

    def _answers(
        self, step: int, questions: Iterable[Question], context: ContextFactory
    ) -> Generator[Event, None, dict[Question, Tensor]]:
        """Yield progress; return one unit vector for each question."""
        questions = list(questions)
        vectors: dict[Question, Tensor] = {}
        for count, question in enumerate(questions):
            yield StageProgress(stage=Stage.EVALUATE, done=count, total=len(questions))
            picture = yield from self._answer(step, question, context)
            vectors[question] = self.network.pictures([picture])[0]
        yield StageProgress(stage=Stage.EVALUATE, done=len(questions), total=len(questions))
        return vectors

    def _answer(
        self, step: int, question: Question, context: ContextFactory
    ) -> Generator[Event, None, Tensor]:
        """Yield heartbeats; return the picture (3, H, W), drawn unless it lies there already,
        perhaps among the samples."""
        path = self.folder / f"step_{step:06d}" / f"{question.name}.png"
        sample = None
        if step > 0:  # before the first step a new word is there already, which the base lacks
            sample = self.previews.find(step, question.prompt, question.seed)
        for known in (path, sample):
            if known is not None and is_file(known):
                try:
                    return to_pixels(decode_any_size(read_file(known)).convert("RGB"))[0]
                except PictureError:  # torn by a crash; draw it anew
                    continue
        wanted = self.previews.settings_for(question.prompt, question.seed)
        image = yield from self.previews.paint(wanted, context)
        try:
            save_png(path, image, wanted, self.model.source.title, ())
        except UserError as error:  # a full disk costs the picture, not the training
            yield Noticed(notice=NotScored(reason=error.sentence))
        return to_pixels(image)[0]

    def _through_vae(self, images: list[CachedImage]) -> Generator[Event, None, Tensor]:
        """Yield Heartbeats; return unit vectors of the pictures as the model's own autoencoder
        gives them back.

        Compared with sharp pictures, blurred ones would beat those that are right.
        """
        step = -(-len(images) // MOST_PICTURES)
        pixels: list[Tensor] = []
        for image in images[::step]:
            latents = image.upright.moments.mean.to(self.previews.device)
            pixels.append(self.model.decode(latents)[0].float().cpu())
            yield Heartbeat()
        return self.network.pictures(pixels)

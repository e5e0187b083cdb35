"""Shows how far a training is: samples and likeness scores. Neither of them may end it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

from accelerate import Accelerator

from engine.config import RunConfig
from engine.control import Control
from engine.device import memory_guard
from engine.easing import let_go_of_memory
from engine.errors import Notice, OutOfMemory
from engine.evaluation.judge import Judge
from engine.events import Event, Noticed
from engine.notices import LikenessNotMeasured, SampleLeftOut
from engine.previews import Previews
from engine.wording import QT_TRANSLATE_NOOP, Phrase
from engine.yielding import ContextFactory

# Where memory may run out.
_SAMPLE = QT_TRANSLATE_NOOP("engine", "a sample picture")
_SCORE = QT_TRANSLATE_NOOP("engine", "measuring likeness")


@dataclass(slots=True)
class Assessment:
    """Draws samples and measures likeness at the steps that the settings name.

    `drawing`: a context in which the model draws with the weights that would be exported.
    """

    config: RunConfig
    accelerator: Accelerator
    control: Control
    previews: Previews
    judge: Judge | None  # of the first process alone
    drawing: ContextFactory
    _graded: int = -1  # the last step that was scored, or that ran out of memory

    def samples_are_due(self, step: int) -> bool:
        every = self.config.sampling.every_steps
        last = step == self.config.training.steps
        return bool(every) and (last or step % every == 0)

    def sample(self, step: int, *, only_missing: bool = False) -> Iterator[Event]:
        """Samples of this step; Stop leaves out what is not done, a resume makes it then."""
        if not self.accelerator.is_main_process:
            return
        events = self.previews.make(step, self.drawing, only_missing=only_missing)
        yield from self._as_memory_allows(events, Phrase(_SAMPLE), SampleLeftOut())

    def score(self, step: int, *, is_saved: bool) -> Iterator[Event]:
        """Grade a checkpoint once it is saved and its samples are made.

        Not one that was asked for, or made by Stop: a run that goes on must end as the unbroken
        run does.
        """
        every = self.config.checkpoints.every_steps
        is_due = step == self.config.training.steps or (every and step % every == 0)
        if self.judge is None or not is_due or not is_saved or self.control.stop_requested:
            return
        if step == self._graded:
            return
        self._graded = step
        events = self.judge.score(step, self.drawing)
        yield from self._as_memory_allows(events, Phrase(_SCORE), LikenessNotMeasured(step=step))

    def forget_after(self, step: int) -> None:
        """Drop the samples and scores after this step: the run goes back to it."""
        self._graded = -1
        self.previews.forget_after(step)
        if self.judge is not None:
            self.judge.scores[:] = [score for score in self.judge.scores if score.step <= step]

    def _as_memory_allows(
        self, events: Generator[Event, None, None], place: Phrase, otherwise: Notice
    ) -> Iterator[Event]:
        """Yield the events until Stop. Out of memory ends them with a notice and not the run."""
        try:
            with memory_guard(self.accelerator.device, place), closing(events):
                for event in events:
                    yield event
                    if self.control.stop_requested:
                        return
        except OutOfMemory:
            let_go_of_memory()
            yield Noticed(notice=otherwise)

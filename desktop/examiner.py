"""Looks for what is worth knowing about a set of pictures, in a pool thread."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from threading import Event

from PySide6.QtCore import QObject, Signal, Slot

from desktop.job_rules import JobSignals
from desktop.pool import Pool
from engine.data.buckets import Bucket, choose_bucket
from engine.data.findings import Finding, Seen, examine
from engine.errors import Notice


@dataclass(frozen=True, slots=True)
class Question:
    """A set, and what the training will make of it."""

    pictures: list[Seen]
    orphans: list[str]
    resolution: int
    trigger: str
    buckets: tuple[Bucket, ...]
    notices: tuple[Notice, ...] = ()  # about the folder


@dataclass(frozen=True, slots=True)
class Answer:
    """What is worth knowing, and how many pictures are cut to which shape."""

    findings: list[Finding]
    shapes: list[tuple[Bucket, int]]  # the frequent ones first


def answer(question: Question) -> Answer:
    findings = examine(
        question.pictures,
        question.orphans,
        question.notices,
        resolution=question.resolution,
        trigger=question.trigger,
    )
    shapes = Counter(
        choose_bucket(picture.width, picture.height, question.buckets)
        for picture in question.pictures
        if picture.refusal is None and picture.height
    )
    return Answer(findings, shapes.most_common())


class _Answers(JobSignals):
    finished = Signal(object, object)  # Event of the question, Answer


class Examiner(QObject):
    """The newest question counts; answers to older ones are dropped."""

    finished = Signal(object)  # Answer

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_old = Event()  # set when there is a newer question than the last one
        self._pool = Pool(1, "examiner", self)
        self.answers = _Answers(self)
        self.answers.finished.connect(self._on_finished)

    def start(self, question: Question) -> None:
        self._drop_question()
        self._pool.start(_examine, question, self._is_old, self.answers)

    def wait(self) -> None:
        self._drop_question()
        self._pool.wait()

    def _drop_question(self) -> None:
        self._is_old.set()
        self._is_old = Event()

    @Slot(object, object)
    def _on_finished(self, is_old: Event, found: object) -> None:
        if not is_old.is_set():
            self.finished.emit(found)


def _examine(question: Question, is_old: Event, answers: _Answers) -> None:
    """In a thread of the pool."""
    if not is_old.is_set():
        answers.finished.emit(is_old, answer(question))

"""The questions a model is asked, and how its answers are graded.

Every question is a prompt and a seed. The subject's prompts are also asked without the trigger,
of the base model: its answers are what other members of the class look like (the distractors)
and how a prompt that is followed looks. A few prompts are about other things.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from engine.evaluation import measures
from engine.evaluation.networks import Network
from engine.evaluation.scores import Score
from engine.methods.base import Subject
from engine.trigger import without

Kind = Literal["subject", "class", "other"]
OTHER_THINGS = ("house", "dog", "pizza", "car")
SHARE = 4  # for so many questions about the subject, one about its class and one about others


@dataclass(frozen=True, slots=True)
class Question:
    """What to draw; `kind` says what the answer tells."""

    kind: Kind
    number: int
    prompt: str
    seed: int

    @property
    def name(self) -> str:
        """For a file."""
        return f"{self.kind}_{self.number}"


def make_questions(
    prompts: Sequence[str], subject: Subject, num_pictures: int, seed: int
) -> tuple[Question, ...]:
    """`num_pictures` questions about the subject, as many about its class, some about others."""
    asked = []
    for number in range(num_pictures):
        prompt = prompts[number % len(prompts)]
        asked.append((prompt, seed + number // len(prompts)))
    plain = [(without(prompt, subject.trigger), seed) for prompt, seed in asked]
    count = _few(num_pictures)
    others = [(text, seed) for text in _about_others(plain[0][0], subject.class_word, count)]
    groups: dict[Kind, list[tuple[str, int]]] = {"subject": asked, "class": plain, "other": others}
    return tuple(
        Question(kind, number, prompt, seed)
        for kind, group in groups.items()
        for number, (prompt, seed) in enumerate(group, start=1)
    )


def for_the_trained(questions: Sequence[Question]) -> list[Question]:
    """What is asked at a checkpoint: of the questions about the class a few tell the drift."""
    count = _few(sum(question.kind == "subject" for question in questions))
    return [q for q in questions if q.kind != "class" or q.number <= count]


def _few(num_pictures: int) -> int:
    return max(1, num_pictures // SHARE)


def _about_others(prompt: str, class_word: str, count: int) -> list[str]:
    """The prompt with other things in the place of the class, or plain ones without a place."""
    own = class_word.casefold()
    things = [thing for thing in OTHER_THINGS if thing != own][:count]
    place = re.compile(rf"\b{re.escape(class_word)}\b", re.IGNORECASE) if class_word else None
    if place is None or not place.search(prompt):
        return [f"a photo of a {thing}" for thing in things]
    return [place.sub(thing, prompt) for thing in things]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """Everything that stays the same from one grading to the next. Tables of unit vectors."""

    network: Network
    questions: tuple[Question, ...]
    references: Tensor
    trained: Tensor
    were_trained: bool  # the references are the training pictures themselves
    base: dict[Question, Tensor]  # the base model's answers, one row each

    @property
    def _unseen(self) -> Tensor | None:
        return None if self.were_trained else self.references

    @property
    def ceiling(self) -> float:
        """What real pictures of the subject reach."""
        if self.were_trained:
            return measures.likeness_among(self.references)
        return float(measures.likeness(self.trained, self.references).mean())

    def grade(self, step: int, answers: dict[Question, Tensor]) -> Score:
        """`answers`: one row for each question that was asked, all about the subject among them."""
        subject = [question for question in self.questions if question.kind == "subject"]
        pictures = _rows(answers, subject)
        before = _rows(self.base, subject)
        plain = [question for question in self.questions if question.kind == "class"]
        distractors = _rows(self.base, plain)
        likeness = measures.likeness(pictures, self.references, without_nearest=self.were_trained)
        base_likeness = measures.likeness(
            before, self.references, without_nearest=self.were_trained
        )
        return Score(
            step=step,
            likeness=float(likeness.mean()),
            base_likeness=float(base_likeness.mean()),
            ceiling=self.ceiling,
            margin=float(measures.margin(likeness, pictures, distractors).mean()),
            prompts=self._prompts_followed(plain, pictures, distractors),
            drift=self._drift(answers),
            copies=measures.share_of_copies(pictures, self.trained, self._unseen),
        )

    def _prompts_followed(
        self, plain: list[Question], pictures: Tensor, base_answers: Tensor
    ) -> float:
        """By the network's own reading of the text, or by what the base model makes of it."""
        prompts = [question.prompt for question in plain]
        texts = self.network.texts(prompts)
        expected = base_answers if texts is None else texts
        # One seed of each prompt: two pictures of one prompt are both right.
        first = [number for number, text in enumerate(prompts) if text not in prompts[:number]]
        return measures.share_of_right_prompts(pictures[first], expected[first])

    def _drift(self, answers: dict[Question, Tensor]) -> float:
        subject = {(q.prompt, q.seed) for q in self.questions if q.kind == "subject"}
        asked = [
            question
            for question in answers
            if question.kind != "subject" and (question.prompt, question.seed) not in subject
        ]
        return measures.change(_rows(answers, asked), _rows(self.base, asked))


def _rows(table: dict[Question, Tensor], questions: Sequence[Question]) -> Tensor:
    return torch.stack([table[question] for question in questions])

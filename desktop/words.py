"""Sentences of the engine in the language of the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.config_file import Problem, rows_of
from engine.errors import Message
from engine.events import Stage
from engine.wording import Fact, Phrase, ended, fill


def engine_text(english: str) -> str:
    """A text of the engine, translated."""
    return QCoreApplication.translate("engine", english)


def summary_of(message: Message) -> str:
    """What happened, translated, with the facts filled in."""
    return ended(_filled(message.summary, message.facts))


def remedy_of(message: Message) -> str:
    """What to do, translated, with the facts filled in."""
    return _filled(message.remedy, message.facts) if message.remedy else ""


def said(fact: Fact) -> Fact:
    """A phrase of the engine, translated with all that is in it; other facts as they are."""
    return _filled(fact.template, fact.facts) if isinstance(fact, Phrase) else fact


def problem_words(problem: Problem, method: str) -> str:
    """What is wrong with a setting, under the name that the forms have for it."""
    sentence = problem.sentence
    names = {row.key: row.label for row in rows_of(method)}
    if problem.field not in names:
        return str(said(sentence))
    return _filled(sentence.template, sentence.facts | {"field": engine_text(names[problem.field])})


def stage_words(stage: Stage) -> str:
    """What the engine is doing; empty where the steps themselves tell."""
    translate = QCoreApplication.translate
    return {
        Stage.WARM_UP: translate("words", "Warming up…"),
        Stage.LOAD_MODEL: translate("words", "Loading the model…"),
        Stage.SCAN: translate("words", "Reading pictures…"),
        Stage.CLASS_IMAGES: translate("words", "Drawing pictures of the class…"),
        Stage.CACHE_LATENTS: translate("words", "Preparing pictures…"),
        Stage.SAMPLE: translate("words", "Making samples…"),
        Stage.EVALUATE: translate("words", "Measuring likeness…"),
        Stage.EXPORT: translate("words", "Writing files…"),
        Stage.EXAMINE: translate("words", "Checking this computer…"),
        Stage.CAPTION: translate("words", "Writing captions…"),
    }.get(stage, "")


def duration(seconds: float) -> str:
    """Hours and minutes, or minutes and seconds."""
    translate = QCoreApplication.translate
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return translate("words", "{0} h {1:02d} min").format(hours, minutes)
    if minutes:
        return translate("words", "{0} min {1:02d} s").format(minutes, whole % 60)
    return translate("words", "{0} s").format(whole)


def _filled(template: str, facts: dict[str, Fact]) -> str:
    told = {name: said(fact) for name, fact in facts.items()}
    return fill(engine_text(template), told)

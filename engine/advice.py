"""What is worth saying of settings that are possible and yet rarely meant."""

from __future__ import annotations

from engine.config import RunConfig
from engine.data.tokens import is_common_word
from engine.errors import Notice
from engine.methods.catalog import METHODS
from engine.notices import RateHigh
from engine.presets import starting_point
from engine.trigger_rules import better_trigger, is_syntax, rare_word, uncalled_prompts
from engine.word_notices import (
    SamplesFromCaptions,
    SampleWithoutTrigger,
    TriggerIsCommon,
    TriggerIsSyntax,
)

FAR = 100.0  # times the usual rate: two noughts that slipped, not somebody who tries


def advice_on(config: RunConfig) -> list[Notice]:
    """Told at the start; the run goes on."""
    return [*_on_the_rate(config), *_on_a_common_word(config), *_on_the_trigger(config)]


def _on_the_rate(config: RunConfig) -> list[Notice]:
    rate, usual = config.method.learning_rate, _usual_rate(config)
    # Prodigy finds the rate itself: what is set there scales it, and is usually 1.
    if config.optimizer.name != "prodigy" and rate > FAR * usual:
        return [RateHigh(rate=rate, usual=usual)]
    return []


def _on_a_common_word(config: RunConfig) -> list[Notice]:
    """A word that is taught takes the place of the one that the model knows."""
    trigger = config.dataset.trigger.strip()
    if not config.method.needs_trigger or not is_common_word(trigger):
        return []
    rare = rare_word(trigger)
    better = rare_word("") if is_common_word(rare) else rare
    return [TriggerIsCommon(trigger=trigger, better=better)]


def _on_the_trigger(config: RunConfig) -> list[Notice]:
    trigger = config.dataset.trigger.strip()
    if not trigger:
        return []
    if is_syntax(trigger):
        better = better_trigger(trigger, config.dataset.class_word)
        return [TriggerIsSyntax(trigger=trigger, better=better)]
    without = uncalled_prompts(config)
    if not without:
        return []
    is_all = config.method.needs_trigger and len(without) == len(config.sampling.prompts)
    kind = SamplesFromCaptions if is_all else SampleWithoutTrigger
    return [kind(trigger=trigger, prompt=without[0])]


def _usual_rate(config: RunConfig) -> float:
    kind = config.method.kind
    preset = starting_point(kind, config.base_model, num_pictures=1)["method"]
    return preset.get("learning_rate", METHODS[kind].settings().learning_rate)

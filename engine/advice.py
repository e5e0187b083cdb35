"""What is worth saying of settings that are possible and yet rarely meant."""

from __future__ import annotations

from engine.config import RunConfig
from engine.errors import Notice
from engine.methods.catalog import METHODS
from engine.notices import RateHigh
from engine.presets import starting_point

FAR = 100.0  # times the usual rate: two noughts that slipped, not somebody who tries


def advice_on(config: RunConfig) -> list[Notice]:
    """Told at the start; the run goes on."""
    rate, usual = config.method.learning_rate, _usual_rate(config)
    # Prodigy finds the rate itself: what is set there scales it, and is usually 1.
    if config.optimizer.name != "prodigy" and rate > FAR * usual:
        return [RateHigh(rate=rate, usual=usual)]
    return []


def _usual_rate(config: RunConfig) -> float:
    kind = config.method.kind
    preset = starting_point(kind, config.base_model, num_pictures=1)["method"]
    return preset.get("learning_rate", METHODS[kind].settings().learning_rate)

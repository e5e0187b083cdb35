"""The card of DreamBooth. Imports no torch."""

from __future__ import annotations

from engine.methods.card import MethodCard
from engine.methods.dreambooth.settings import DreamBoothSettings
from engine.wording import QT_TRANSLATE_NOOP

CARD = MethodCard(
    kind="dreambooth",
    title="DreamBooth",
    line=QT_TRANSLATE_NOOP("engine", "Retrains the whole model. Strong likeness, biggest file."),
    best_for=QT_TRANSLATE_NOOP("engine", "When likeness matters most."),
    effect=4,
    speed=1,
    memory=4,
    settings=DreamBoothSettings,
    code="engine.methods.dreambooth.method:DreamBooth",
    presets={
        "starter": {
            "method": {"learning_rate": 1e-4, "prior_weight": 1.0, "num_class_images": 24},
        },
        "": {
            "method": {"learning_rate": 2e-6, "prior_weight": 1.0, "num_class_images": 100},
            "training": {"steps": 800},
        },
    },
)

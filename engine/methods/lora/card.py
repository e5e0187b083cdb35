"""The card of LoRA. Imports no torch."""

from __future__ import annotations

from engine.methods.card import MethodCard
from engine.methods.lora.settings import LoraSettings
from engine.wording import QT_TRANSLATE_NOOP

CARD = MethodCard(
    kind="lora",
    title="LoRA",
    line=QT_TRANSLATE_NOOP("engine", "A small add-on file. Fast, good, easy to share and mix."),
    best_for=QT_TRANSLATE_NOOP("engine", "Characters, styles, objects; several can be combined."),
    effect=4,
    speed=3,
    memory=2,
    settings=LoraSettings,
    code="engine.methods.lora.pivotal:build",
    recommended=True,
    presets={
        "starter": {"method": {"rank": 8, "alpha": 8.0, "learning_rate": 1e-3}},
        "": {"method": {"rank": 16, "alpha": 16.0, "learning_rate": 1e-4}},
    },
)

"""The card of Textual Inversion. Imports no torch."""

from __future__ import annotations

from engine.methods.card import MethodCard
from engine.methods.textual_inversion.settings import TextualInversionSettings
from engine.wording import QT_TRANSLATE_NOOP

CARD = MethodCard(
    kind="textual_inversion",
    title="Textual Inversion",
    line=QT_TRANSLATE_NOOP(
        "engine", "Learns one new word. Tiny file, lowest memory, spoils nothing."
    ),
    best_for=QT_TRANSLATE_NOOP("engine", "Small cards; cannot learn what the model cannot draw."),
    effect=1,
    speed=4,
    memory=1,
    settings=TextualInversionSettings,
    code="engine.methods.textual_inversion.method:TextualInversion",
    presets={
        "starter": {
            "method": {"learning_rate": 3e-4, "num_vectors": 4},
            "optimizer": {"weight_decay": 0.0},
        },
        "": {
            "method": {"learning_rate": 5e-3, "num_vectors": 4},
            "training": {"steps": 3000},
            "optimizer": {"weight_decay": 0.0},
        },
    },
)

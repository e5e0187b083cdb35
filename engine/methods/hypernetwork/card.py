"""The card of Hypernetwork. Imports no torch."""

from __future__ import annotations

from engine.methods.card import MethodCard
from engine.methods.hypernetwork.settings import HypernetworkSettings
from engine.wording import QT_TRANSLATE_NOOP

CARD = MethodCard(
    kind="hypernetwork",
    title="Hypernetwork",
    line=QT_TRANSLATE_NOOP("engine", "Older method. Kept for existing workflows."),
    best_for=QT_TRANSLATE_NOOP(
        "engine", "Weaker than a LoRA; only AUTOMATIC1111 and ComfyUI load it."
    ),
    effect=3,
    speed=4,
    memory=2,
    settings=HypernetworkSettings,
    code="engine.methods.hypernetwork.method:Hypernetwork",
    warning=QT_TRANSLATE_NOOP(
        "engine",
        "Not recommended: a LoRA learns more in less time, and Forge, InvokeAI, SD.Next and "
        "diffusers load no hypernetworks.",
    ),
    presets={
        "starter": {"method": {"learning_rate": 1e-3, "layer_structure": "1, 1"}},
        "": {"method": {"learning_rate": 2e-5}, "training": {"steps": 3000}},
    },
)

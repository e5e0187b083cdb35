"""Why a run cannot be computed where or how its settings want it."""

from __future__ import annotations

from engine.errors import UserError
from engine.wording import QT_TRANSLATE_NOOP


class DeviceMissing(UserError):
    """Facts: `device`, as the setting has it, and `name`, what that is."""

    code = "IM-DEV-05"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The settings ask for the device {device}, but there is no {name} that can be used.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Set the device to auto, or install the card's driver and a PyTorch made for it. To go on "
        "without it once, start Imprint with IMPRINT_DEVICE=cpu in the environment.",
    )
    setting = "training.device"


class PrecisionNotPossible(UserError):
    """Facts: `precision`, and `device`, where the run is computed."""

    code = "IM-DEV-06"
    summary = QT_TRANSLATE_NOOP("engine", "{device} cannot train in {precision}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Set the precision to auto, which takes the best that the device can do."
    )
    setting = "training.precision"

"""What can be wrong with a model's file; see engine.errors for the form."""

from __future__ import annotations

from engine.errors import UserError
from engine.remedies import Action
from engine.wording import QT_TRANSLATE_NOOP


class ModelMissing(UserError):
    code = "IM-MOD-01"
    actions = (
        Action.CHOOSE_MODEL,
        Action.USE_STARTER,
    )
    summary = QT_TRANSLATE_NOOP("engine", "There is no model at {path}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Choose a .safetensors file or a diffusers folder, or write starter."
    )
    setting = "base_model"


class ModelIsLora(UserError):
    code = "IM-MOD-02"
    actions = (
        Action.CHOOSE_MODEL,
        Action.USE_STARTER,
    )
    summary = QT_TRANSLATE_NOOP("engine", "{path} is a LoRA, an add-on to a model.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose the base model that it was made for.")
    setting = "base_model"


class ModelUnsupported(UserError):
    code = "IM-MOD-03"
    actions = (
        Action.CHOOSE_MODEL,
        Action.USE_STARTER,
    )
    summary = QT_TRANSLATE_NOOP("engine", "{path} is {what}, which Imprint cannot train yet.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose an SD 1.x, 2.x or SDXL model.")
    setting = "base_model"


class ModelIsPointer(UserError):
    code = "IM-MOD-04"
    actions = (
        Action.CHOOSE_MODEL,
        Action.USE_STARTER,
    )
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} is only a Git LFS pointer of {num_bytes} bytes, not the model itself."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Download the real file, or run git lfs pull.")
    setting = "base_model"


class ModelTruncated(UserError):
    code = "IM-MOD-05"
    actions = (
        Action.CHOOSE_MODEL,
        Action.USE_STARTER,
    )
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} is cut short: {have_mib:.1f} of {need_mib:.1f} MiB are there."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "The download was not finished. Download it again.")
    setting = "base_model"


class ModelDamaged(UserError):
    code = "IM-MOD-06"
    actions = (
        Action.CHOOSE_MODEL,
        Action.USE_STARTER,
    )
    summary = QT_TRANSLATE_NOOP("engine", "{path} is damaged: {reason}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Download it again, or choose another file.")
    setting = "base_model"


class ModelNumberWrong(ModelDamaged):
    """Of a config; engine.models.config_check says what is possible."""

    code = "IM-MOD-30"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} is damaged: {name} is {given} in {file}; it must be {wanted}."
    )


class ModelScheduleWrong(ModelDamaged):
    """Each of its numbers is possible, and together they are not."""

    code = "IM-MOD-31"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "{path} is damaged: with the betas in {file} nothing is left of a picture after timestep "
        "{step} of {steps}.",
    )


class ModelIsPickle(UserError):
    code = "IM-MOD-07"
    actions = (
        Action.CHOOSE_MODEL,
        Action.USE_STARTER,
    )
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "{path} is an old-style checkpoint, a kind of file that can hold program code. "
        "It was not opened.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Get the .safetensors version of the same model.")
    setting = "base_model"


class PickleRefused(UserError):
    code = "IM-MOD-09"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} contains program code ({what}) and was not opened."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Ask for a .safetensors version.")
    setting = "base_model"


class PickleLeftovers(UserError):
    code = "IM-MOD-10"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} contains leftovers of its training ({what}) that Imprint does not open."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Ask for a .safetensors version, or convert it in the program that made it."
    )
    setting = "base_model"


class ModelIncomplete(UserError):
    """Whole as it is, but made without parts that Imprint needs."""

    code = "IM-MOD-11"
    actions = (
        Action.CHOOSE_MODEL,
        Action.USE_STARTER,
    )
    summary = QT_TRANSLATE_NOOP("engine", "{path} was made without {parts}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Choose a version of the same model that has all its parts."
    )
    setting = "base_model"


class ModelWithoutVae(UserError):
    code = "IM-MOD-12"
    actions = (
        Action.CHOOSE_MODEL,
        Action.USE_STARTER,
    )
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} was made without a VAE, the part that turns pictures into latents."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Put the VAE beside it as {name}, or choose a version of the model with a VAE."
    )
    setting = "base_model"


class ClipSkipTooLarge(UserError):
    code = "IM-MOD-13"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Clip skip is {clip_skip}, but the text encoder of {model} has too few layers for that.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Set clip skip to {largest} or less; 1 is what the model was made for."
    )
    setting = "training.clip_skip"


class NotAModel(UserError):
    code = "IM-MOD-08"
    actions = (
        Action.CHOOSE_MODEL,
        Action.USE_STARTER,
    )
    summary = QT_TRANSLATE_NOOP("engine", "{path} is not a Stable Diffusion model ({what}).")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose a .safetensors file or a diffusers folder.")
    setting = "base_model"

"""What can be wrong with a LoRA or an embedding, beside what engine.errors has; no torch."""

from __future__ import annotations

from pathlib import Path

from engine.errors import AddonMissing, AddonUnreadable, UserError
from engine.inputs import not_read, require_input_folder
from engine.regular_files import NotRegular, is_folder, opened, reason_of
from engine.wording import QT_TRANSLATE_NOOP


class AddonNamesUnknown(UserError):
    """Nothing is known of the base model that such a file was made for."""

    code = "IM-ADD-08"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "{path} could not be used: {count} of its {total} layers have names that Imprint does not "
        "know: {names}.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Nothing was applied. Save it with kohya's or diffusers' names in the program that made "
        "it.",
    )


class AddonIncomplete(UserError):
    code = "IM-ADD-09"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "{path} is incomplete: tensors are missing from {count} of its {total} layers, the first "
        "is {name} (it has only {has}).",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Nothing was applied. Download the file again, or export it again."
    )


class AddonForOtherModel(UserError):
    """Made for an architecture that is not a Stable Diffusion UNet."""

    code = "IM-ADD-10"
    summary = QT_TRANSLATE_NOOP("engine", "{path} was made for {made_for}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Choose a file that was made for Stable Diffusion 1.x, 2.x or XL."
    )


class AddonForOtherFamily(UserError):
    code = "IM-ADD-11"
    summary = QT_TRANSLATE_NOOP("engine", "{path} was made for {made_for}; this model is {model}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose the base model that it was trained on.")


class EmbeddingHalf(UserError):
    """diffusers saves the two halves of an SDXL embedding as two files."""

    code = "IM-ADD-12"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "{path} holds vectors for only one text encoder ({width} wide); this model has two.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Put the other half beside it as {other}, or choose an embedding made for {model}.",
    )


class WordTwice(UserError):
    """Two files answer to one word, and a prompt could call only the last of them."""

    code = "IM-ADD-13"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "{first} and {second} both teach the word {word}, and a prompt can call only one of them.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Leave one of them out. An embedding gets another word by renaming its file."
    )


class EmbeddingWeighed(UserError):
    """Of a word only the prompt can say how much it counts. `written`: the word as a prompt calls
    it."""

    code = "IM-ADD-14"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} is an embedding, which has no weight of its own; {weight:g} was given."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Give the file alone, and write ({written}:{weight:g}) in the prompt."
    )


def require_addon_file(path: Path) -> None:
    """Raises AddonMissing, InputNotReadable, or AddonUnreadable for a named pipe, a device or a
    socket."""
    missing = AddonMissing(path=str(path))
    if is_folder(path):
        require_input_folder(path)
        raise missing
    try:
        opened(path).close()
    except NotRegular as error:
        raise AddonUnreadable(path=path.name, reason=reason_of(error)) from error
    except OSError as error:
        raise not_read(path, error, missing) from error

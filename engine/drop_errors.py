"""Why something that was dropped or pasted cannot be taken."""

from __future__ import annotations

from engine.errors import Notice, UserError
from engine.wording import QT_TRANSLATE_NOOP


class OnlyAnAddress(UserError):
    code = "IM-IMG-24"
    summary = QT_TRANSLATE_NOOP("engine", "{address} is a web address, not a file.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Imprint does not open web addresses. Save the file first, then drop it here."
    )


PICTURES = QT_TRANSLATE_NOOP("engine", "pictures and folders of pictures")
MADE_PICTURES = QT_TRANSLATE_NOOP("engine", "PNG pictures that were made with Stable Diffusion")
MODELS = QT_TRANSLATE_NOOP("engine", "base models, as files or folders")


class NotUsableHere(UserError):
    """Fact: `wanted`, what the page takes."""

    code = "IM-IMG-30"
    summary = QT_TRANSLATE_NOOP("engine", "Nothing that was dropped or pasted can be used here.")
    remedy = QT_TRANSLATE_NOOP("engine", "This page takes {wanted}.")


class FileGone(UserError):
    code = "IM-IMG-25"
    summary = QT_TRANSLATE_NOOP("engine", "{path} is no longer there.")
    remedy = QT_TRANSLATE_NOOP("engine", "It was moved or deleted. Choose it where it is now.")


class FilesGone(UserError):
    """Some of those that were dropped; the others were taken."""

    code = "IM-IMG-26"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{gone} of {count} files are no longer there, among them {path}."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "The others were taken. Choose the missing ones where they are now."
    )


class CopyingGoesOn(Notice):
    """Fact: `count`, how many files and folders were dropped."""

    code = "IM-IMG-27"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Imprint was closed before all pictures were copied into this project."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "The rest is being copied now; {count} had been dropped.")

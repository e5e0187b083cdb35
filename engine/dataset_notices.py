"""What the user should know about the images that a run reads."""

from __future__ import annotations

from engine.errors import Notice
from engine.remedies import Action
from engine.wording import QT_TRANSLATE_NOOP


class PictureSkipped(Notice):
    code = "IM-IMG-01"
    summary = QT_TRANSLATE_NOOP("engine", "{name} is left out: {reason}")


class PictureRemark(Notice):
    code = "IM-IMG-02"
    summary = QT_TRANSLATE_NOOP("engine", "{name}: {reason}")


class LeftOut(Notice):
    """Files and folders that are left out for one reason, by their names alone."""

    code = "IM-IMG-12"
    summary = QT_TRANSLATE_NOOP("engine", "Left out: {names}. {reason}")


class KohyaFolders(Notice):
    """Facts: `names`, each with its repeats and words."""

    code = "IM-IMG-13"
    summary = QT_TRANSLATE_NOOP("engine", "Folders named as for kohya's trainer: {names}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Imprint takes no repeats and no words from the names of folders. Set the repeats, the "
        "trigger word and what it is yourself.",
    )


class MasksFound(Notice):
    code = "IM-IMG-14"
    setting = "dataset.masks"
    summary = QT_TRANSLATE_NOOP("engine", "Masks of {count} pictures: {names}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "They are not trained on as pictures. “Masks: file” makes use of them."
    )


class CaptionRemark(Notice):
    """Facts: `names` of pictures, and the `reason` that they have in common."""

    code = "IM-CAP-08"
    summary = QT_TRANSLATE_NOOP("engine", "The captions of {names}: {reason}")


class TableUnreadable(Notice):
    code = "IM-CAP-09"
    summary = QT_TRANSLATE_NOOP("engine", "The captions in {name} are not used: {reason}")


class TablesLeftOut(Notice):
    """Files that might be tables of captions, by their suffixes, and are not."""

    code = "IM-CAP-10"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Left out: {names}. No captions of these pictures are in there."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Captions are read from .json, .jsonl, .csv and .tsv files that name each picture beside "
        "its caption.",
    )


class OrphanCaptions(Notice):
    code = "IM-CAP-04"
    summary = QT_TRANSLATE_NOOP("engine", "Caption files without a picture: {names}.")


class FewPictures(Notice):
    code = "IM-IMG-05"
    actions = (Action.ADD_PICTURES,)
    summary = QT_TRANSLATE_NOOP(
        "engine", "Pictures: {count}. That works, but the result copies them."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "8 or more are better.")


class PicturesChanged(Notice):
    code = "IM-RUN-04"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The pictures are not those of the start: {came} came, {went} went."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "The run goes on with those that are there now.")


class ClassImageRedrawn(Notice):
    code = "IM-IMG-22"
    summary = QT_TRANSLATE_NOOP("engine", "The drawn class picture {name} could not be read.")
    remedy = QT_TRANSLATE_NOOP("engine", "It is drawn again.")


class ClassImagesElsewhere(Notice):
    """Facts: `reason` and `folder`."""

    code = "IM-IMG-29"
    summary = QT_TRANSLATE_NOOP("engine", "Class pictures cannot be kept for other runs: {reason}.")
    remedy = QT_TRANSLATE_NOOP("engine", "They are drawn for this run alone, into {folder}.")


class OwnClassImages(Notice):
    code = "IM-IMG-23"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Your own class pictures: {count} can be used, of {files} files in {folder}."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "None is drawn beside them: “Class pictures” ({wanted}) counts only where no folder of "
        "your own is chosen.",
    )
    setting = "method.class_folder"


class KeptBack(Notice):
    code = "IM-EVA-03"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Not trained on but compared with, to measure likeness: {names}."
    )
    remedy = QT_TRANSLATE_NOOP("engine", 'To train on all, switch "Keep pictures back" off.')
    setting = "evaluation.hold_out"


class EditsWithoutPictures(Notice):
    """Fact: `count`, of edits and captions together."""

    code = "IM-IMG-28"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Edits or captions of {count} pictures belong to pictures that are no longer there.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "A picture that another program saved again counts as a new picture: it is trained on "
        "without its edits and with the caption of its file. Check the pictures again.",
    )

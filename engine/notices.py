"""What the user should know while a run goes on; see engine.errors for the form."""

from __future__ import annotations

from engine.errors import Notice
from engine.remedies import Action
from engine.wording import QT_TRANSLATE_NOOP


class MemoryPlanned(Notice):
    code = "IM-MEM-02"
    summary = QT_TRANSLATE_NOOP(
        "engine", "To fit into {free_gib:.1f} GiB of free memory this run uses {measures}."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "It then needs about {needed_gib:.1f} GiB; steps take a little longer."
    )


class MemoryTight(Notice):
    code = "IM-MEM-03"
    actions = (Action.CHECK_RUN,)
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "This run needs about {needed_gib:.1f} GiB at the least; {free_gib:.1f} GiB are free.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "It is tried all the same. Lower the resolution, or close other programs."
    )
    setting = "training.resolution"


class MemoryOffered(Notice):
    """Facts beside the figures: `measures` in words, `switches` for the command line."""

    code = "IM-MEM-08"
    actions = (Action.CHECK_RUN,)
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "This run needs about {needed_gib:.1f} GiB of memory; {free_gib:.1f} GiB are free. It "
        "would fit with {measures}, but that changes what is learnt.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        'It is tried as it is. To use the change, choose "Check this run", or add in the terminal: '
        "{switches}",
    )


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


class BaseModelChanged(Notice):
    code = "IM-RUN-05"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "This run began on the base model {was} and goes on with {path}. Different: {files}.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "The result may fit neither of the two. Stop and put the first one back, or start a new "
        "run, unless you mean it.",
    )
    setting = "base_model"


class BaseModelReplaced(BaseModelChanged):
    code = "IM-RUN-08"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The base model {path} is not what it was when this run began: {files} changed."
    )


class RecordSetAside(Notice):
    code = "IM-RUN-06"
    summary = QT_TRANSLATE_NOOP("engine", "{file} could not be used and was written again.")
    remedy = QT_TRANSLATE_NOOP("engine", "What was there is kept as {aside}.")


class CacheUnavailable(Notice):
    code = "IM-CAC-01"
    summary = QT_TRANSLATE_NOOP("engine", "Prepared pictures could not be kept: {reason}")
    remedy = QT_TRANSLATE_NOOP("engine", "Training goes on; the next start prepares them again.")


class PromptCut(Notice):
    code = "IM-CAP-02"
    summary = QT_TRANSLATE_NOOP("engine", "A text is cut after {limit} tokens: {text}")
    remedy = QT_TRANSLATE_NOOP("engine", "Say the important things first.")


class CheckpointSkipped(Notice):
    code = "IM-CHK-01"
    summary = QT_TRANSLATE_NOOP("engine", "The checkpoint of step {step} is damaged: {reason}.")
    remedy = QT_TRANSLATE_NOOP("engine", "An earlier one is used.")


class SamplesNotWritten(Notice):
    code = "IM-SMP-01"
    summary = QT_TRANSLATE_NOOP("engine", "A sample picture could not be written: {reason}")
    remedy = QT_TRANSLATE_NOOP("engine", "Training goes on.")


class SampleWaits(Notice):
    code = "IM-SMP-21"
    summary = QT_TRANSLATE_NOOP("engine", "A sample picture found no room on the disk.")
    remedy = QT_TRANSLATE_NOOP("engine", "It is written once there is room; training goes on.")


class ClassImageRedrawn(Notice):
    code = "IM-IMG-22"
    summary = QT_TRANSLATE_NOOP("engine", "The drawn class picture {name} could not be read.")
    remedy = QT_TRANSLATE_NOOP("engine", "It is drawn again.")


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


class NotScored(Notice):
    code = "IM-EVA-02"
    summary = QT_TRANSLATE_NOOP("engine", "A picture for measuring likeness was not kept: {reason}")


class KeptBack(Notice):
    code = "IM-EVA-03"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Not trained on but compared with, to measure likeness: {names}."
    )
    remedy = QT_TRANSLATE_NOOP("engine", 'To train on all, switch "Keep pictures back" off.')
    setting = "evaluation.hold_out"


class BestCheckpoint(Notice):
    code = "IM-EVA-04"
    summary = QT_TRANSLATE_NOOP("engine", "Step {step} of {last} is exported: {reason}.")
    remedy = QT_TRANSLATE_NOOP("engine", "The other checkpoints are kept and can be exported too.")


class StoppedAsGoodAsItGets(Notice):
    code = "IM-EVA-05"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The run ended at step {step}: the last {patience} checkpoints were no more like your "
        "pictures.",
    )
    setting = "evaluation.patience"


class OnBattery(Notice):
    code = "IM-PWR-01"
    summary = QT_TRANSLATE_NOOP("engine", "On battery ({percent:.0f} % left).")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Training may be much slower, and stops when the battery is empty: plug in."
    )


class NotKeptAwake(Notice):
    code = "IM-PWR-02"
    summary = QT_TRANSLATE_NOOP("engine", "This computer cannot be kept awake from here.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Set its power plan to never sleep while the training runs."
    )


class StepsLeftOut(Notice):
    code = "IM-TRN-05"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Step {step} gave no usable numbers and was left out; the run goes on."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "If it happens again and again, lower the learning rate.")
    setting = "method.learning_rate"


class SteppedBack(Notice):
    code = "IM-TRN-06"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Training went off the rails at step {step}. It goes on from step {back}, the last good "
        "state, with {percent:.0f} % of the learning rate.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "The usual cause is a learning rate that is too high: start lower the next time."
    )
    setting = "method.learning_rate"


class RateHigh(Notice):
    code = "IM-TRN-07"
    setting = "method.learning_rate"
    summary = QT_TRANSLATE_NOOP("engine", "The learning rate is {rate:g}; {usual:g} is usual here.")
    remedy = QT_TRANSLATE_NOOP("engine", "If the samples turn to noise, stop and divide it by ten.")


class LossRising(Notice):
    code = "IM-TRN-04"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The loss is rising: it was at its lowest at step {step}."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Look at the samples; an earlier step may be better.")


class RoomLow(Notice):
    code = "IM-OUT-04"
    actions = (Action.MAKE_ROOM,)
    summary = QT_TRANSLATE_NOOP(
        "engine", "The disk of {folder} is nearly full: {free_gib:.1f} GiB are free."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Free some space; the training waits before the disk is full."
    )


class WaitsForRoom(Notice):
    code = "IM-OUT-05"
    actions = (Action.MAKE_ROOM,)
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The disk of {folder} is full: {free_mib:.0f} MiB are free, {need_mib:.0f} are needed. "
        "The training waits; nothing is lost.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Free some space, and it goes on by itself.")


class RecordNotKept(Notice):
    code = "IM-OUT-06"
    summary = QT_TRANSLATE_NOOP("engine", "The run's own record could not be written: {reason}")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "The history of the run lacks its end; the trained weights are not concerned."
    )


class DrawnAgain(Notice):
    code = "IM-SMP-02"
    summary = QT_TRANSLATE_NOOP(
        "engine", "A picture came out black and was drawn again with a wider range of numbers."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Choose bf16 or fp32 as precision, and it does not happen."
    )
    setting = "training.precision"


class StaysBlack(Notice):
    code = "IM-SMP-03"
    summary = QT_TRANSLATE_NOOP(
        "engine", "A picture is black: the model's answers are no numbers any more."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Use an earlier step, or train with a lower learning rate."
    )
    setting = "method.learning_rate"


class StepEased(Notice):
    code = "IM-MEM-06"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Memory ran out in step {step}. It is taken again with {measure}."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "What is learnt stays the same; each step takes longer. Close other programs."
    )


class SampleLeftOut(Notice):
    code = "IM-MEM-07"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Memory ran out while drawing a sample, so it was left out; training goes on."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Close other programs, or switch the samples off.")
    setting = "sampling.every_steps"


class CardTooHot(Notice):
    code = "IM-PWR-03"
    actions = (Action.COOL_DOWN,)
    summary = QT_TRANSLATE_NOOP("engine", "The graphics card is at {celsius} °C.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "It slows down to protect itself. A pause lets it cool down to {cool} °C."
    )


class ProjectUpgraded(Notice):
    code = "IM-PRJ-01"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{name} was made with an earlier version of Imprint and was upgraded."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "The project as it was is kept as {backup}.")


class ProjectFromLater(Notice):
    code = "IM-PRJ-02"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{name} was made with a later version of Imprint; some of it may be unknown here."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "The project as it was is kept as {backup}.")


class ProjectDamaged(Notice):
    code = "IM-PRJ-03"
    summary = QT_TRANSLATE_NOOP("engine", "{file} is damaged, so its settings begin anew.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Pictures, captions and runs are untouched; the damaged file is kept as {backup}."
    )


class ProjectUnreadable(Notice):
    code = "IM-PRJ-04"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{file} could not be read ({reason}), so this project has its default settings."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Pictures, captions and runs are untouched. The file is kept as {backup}: make it "
        "readable and give it its name back.",
    )


class Updated(Notice):
    code = "IM-SYS-06"
    actions = (Action.SHOW_CHANGES,)
    summary = QT_TRANSLATE_NOOP("engine", "This is Imprint {version} now.")
    remedy = QT_TRANSLATE_NOOP("engine", "Projects of earlier versions open as they are.")


class CardPackTakenOut(Notice):
    code = "IM-SYS-07"
    summary = QT_TRANSLATE_NOOP(
        "engine", "What was fetched for the graphics card does not work any more; it was taken out."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Start Imprint anew: the processor does the work then, and it can be fetched again.",
    )


class GridBesideTraining(Notice):
    code = "IM-GRD-01"
    summary = QT_TRANSLATE_NOOP(
        "engine", "The pictures are drawn between the steps of the training."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Both take longer until the grid is done.")


class GridWaits(Notice):
    code = "IM-GRD-02"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "The grid needs about {needed_gib:.1f} GiB beside the training; {free_gib:.1f} GiB are "
        "free.",
    )
    remedy = QT_TRANSLATE_NOOP("engine", "It is drawn when the training has ended.")

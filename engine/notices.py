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
    summary = QT_TRANSLATE_NOOP("engine", "There was no room on the disk for a sample picture.")
    remedy = QT_TRANSLATE_NOOP("engine", "It is written once there is room; training goes on.")


class NotScored(Notice):
    code = "IM-EVA-02"
    summary = QT_TRANSLATE_NOOP("engine", "A picture for measuring likeness was not kept: {reason}")


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


class LikenessNotMeasured(Notice):
    """`step`: 0 before the first one; then no checkpoint of the run is measured."""

    code = "IM-MEM-09"
    summary = QT_TRANSLATE_NOOP(
        "engine",
        "Memory ran out while measuring likeness at step {step}, so it was left out; training "
        "goes on.",
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Close other programs, or switch the measuring of likeness off."
    )
    setting = "evaluation.enabled"


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
    summary = QT_TRANSLATE_NOOP(
        "engine", "{file} is damaged: settings that could not be read have their defaults."
    )
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

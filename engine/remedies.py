"""What can be offered beside a sentence, as a button or as a line of advice."""

from __future__ import annotations

from enum import Enum


class Action(Enum):
    """Whoever shows a sentence knows how each is done; the engine only says which would help."""

    SHOW_SETTING = "show_setting"
    ADD_PICTURES = "add_pictures"
    CHOOSE_MODEL = "choose_model"
    USE_STARTER = "use_starter"
    CHECK_RUN = "check_run"
    START_ANYWAY = "start_anyway"
    CONTINUE = "continue"  # the run, from its last checkpoint
    USE_LAST_STATE = "use_last_state"  # of the run, as its file
    MAKE_ROOM = "make_room"  # look at what the runs keep on the disk
    SHOW_FOLDER = "show_folder"  # that the message names
    SET_ASIDE = "set_aside"  # the project's file that the message names
    COOL_DOWN = "cool_down"  # a pause until the card is cool
    SHOW_CHANGES = "show_changes"  # what is new in this version
    HELP = "help"

"""What the buttons beside a sentence do."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop.draft import Draft
from desktop.outside import open_folder
from desktop.run_desk import RunDesk
from desktop.widgets.message_strip import MessageStrip
from engine.config import STARTER
from engine.errors import Message, UserError
from engine.remedies import Action
from engine.storage import move_to_free

PASSED_ON = {  # as they are, by the name of the signal
    Action.START_ANYWAY: "start_wanted",
    Action.COOL_DOWN: "cooling_wanted",
    Action.SHOW_CHANGES: "changes_wanted",
}


class Remedies(QObject):
    """Hears the strips of the window and of its dialogs. What only the window can do goes out as
    a signal."""

    setting_wanted = Signal(str)  # dotted key
    page_wanted = Signal(str)
    model_wanted = Signal(str)
    check_wanted = Signal()
    start_wanted = Signal()  # whatever was measured
    continue_wanted = Signal()
    cooling_wanted = Signal()
    changes_wanted = Signal()
    help_wanted = Signal(str)  # code of a message

    def __init__(self, window: QWidget, draft: Draft, runs: RunDesk) -> None:
        super().__init__(window)
        self._draft, self._runs = draft, runs
        self.serve(window)

    @Slot(object)
    def serve(self, place: QWidget) -> None:
        """Do what the strips of this window, or of a dialog that came later, are asked for."""
        for strip in place.findChildren(MessageStrip):
            strip.action_requested.connect(self.do)
            strip.bound_fields()

    @Slot(object, object)
    def do(self, action: Action, message: Message) -> None:
        match action:
            case Action.SHOW_SETTING:
                self.setting_wanted.emit(message.setting)
            case Action.ADD_PICTURES:
                self.page_wanted.emit("images")
            case Action.CHOOSE_MODEL:
                self.page_wanted.emit("models")
            case Action.USE_STARTER:
                self.model_wanted.emit(STARTER)
            case Action.CHECK_RUN:
                self.page_wanted.emit("method")
                self.check_wanted.emit()
            case Action.CONTINUE:
                self._continue(message)
            case Action.USE_LAST_STATE:
                self._use_last_state(message)
            case Action.MAKE_ROOM:
                open_folder(self._draft.project.runs)
            case Action.SHOW_FOLDER:
                open_folder(str(message.facts["folder"]))
            case Action.SET_ASIDE:
                self._set_aside(message)
            case Action.HELP:
                self.help_wanted.emit(message.code)
            case _:
                getattr(self, PASSED_ON[action]).emit()

    def _set_aside(self, message: Message) -> None:
        """Rename a project's file, so that no start opens it."""
        strip = self.sender()
        file = Path(str(message.facts["folder"])) / str(message.facts["file"])
        try:
            kept = move_to_free(file, file.with_name(f"{file.name}.set-aside"))
        except UserError as error:
            if isinstance(strip, MessageStrip):
                strip.show_message(error, "error")
            return
        if isinstance(strip, MessageStrip):
            strip.show_text(self.tr("Its name is %1 now.").replace("%1", kept.name), kind="ok")

    def _use_last_state(self, message: Message) -> None:
        """The state before things went wrong becomes the file of the run that told of it, whatever
        project is open and whatever trains by now."""
        folder = self._runs.failures.get(message)
        step = message.facts.get("last_step")
        if folder is not None and isinstance(step, int):
            self._runs.export_step(folder, step)

    def _continue(self, message: Message) -> None:
        """Go on with the run that told of it; what no run told of is about the open project."""
        if message not in self._runs.failures:
            self.continue_wanted.emit()
            return
        folder, strip = self._runs.failures[message], self.sender()
        if folder is not None and not self._runs.is_busy:
            if isinstance(strip, MessageStrip):
                strip.hide()
            self._runs.resume(folder.path)
            self.page_wanted.emit("training")
        elif isinstance(strip, MessageStrip):
            wait = self.tr("Another run trains. Go on with this one from the history afterwards.")
            gone = self.tr("This run had not begun: there is nothing to continue. Start it again.")
            strip.show_text(wait if folder is not None else gone)

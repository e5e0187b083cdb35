"""What the window remembers between starts, behind typed properties."""

from __future__ import annotations

import os

from PySide6.QtCore import QByteArray, QSettings

from engine.model_offers import without_secret


def _is_text(value: str) -> bool:
    """A file that a power cut left is full of NUL."""
    try:
        return b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:  # half a character
        return False


class Preferences:
    """QSettings with names and types. Others write into its file, by hand too: a value that cannot
    be used counts as none."""

    def __init__(self) -> None:
        self._settings = QSettings("Imprint", "Imprint")

    def _text(self, key: str) -> str:
        """Empty where nothing that can be used is kept."""
        found = self._settings.value(key, "")
        return found if isinstance(found, str) and _is_text(found) else ""

    def _number(self, key: str, default: int) -> int:
        """A whole number."""
        found = self._settings.value(key, default)
        try:
            return int(found)  # type: ignore[call-overload]
        except (TypeError, ValueError, OverflowError):
            return default

    def _flag(self, key: str, *, default: bool) -> bool:
        found = self._settings.value(key, default)  # a text, where the system keeps only such
        return {"true": True, "1": True, "false": False, "0": False}.get(
            str(found).lower(), default
        )

    @property
    def look(self) -> str:
        """One of desktop.theme.LOOKS."""
        found = self._text("look")
        return found if found in ("dark", "light", "system") else "dark"

    @look.setter
    def look(self, value: str) -> None:
        self._settings.setValue("look", value)

    @property
    def text_percent(self) -> int:
        """Size of the text, 90 to 150 per cent."""
        return min(max(self._number("text_percent", 100), 90), 150)

    @text_percent.setter
    def text_percent(self, value: int) -> None:
        self._settings.setValue("text_percent", value)

    @property
    def geometry(self) -> QByteArray:
        found = self._settings.value("geometry", QByteArray())
        return found if isinstance(found, QByteArray) else QByteArray()

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._settings.setValue("geometry", value)

    @property
    def last_version(self) -> str:
        """Of the start before this one; empty at the first."""
        return self._text("last_version")

    @last_version.setter
    def last_version(self, value: str) -> None:
        self._settings.setValue("last_version", value)

    @property
    def last_project(self) -> str:
        return self._text("last_project")

    @last_project.setter
    def last_project(self, value: str) -> None:
        self._settings.setValue("last_project", value)

    def failed_starts(self, file: str) -> int:
        """How many starts in a row with this project's file ended before the window stood."""
        return self._number("starting/count", 0) if self._text("starting/file") == file else 0

    def begin_start(self, file: str) -> None:
        """Count a start as failed until `end_start`."""
        count = self.failed_starts(file) + 1
        self._settings.setValue("starting/file", file)
        self._settings.setValue("starting/count", count)
        self._settings.sync()  # at once: a kill takes what was not written

    def end_start(self) -> None:
        """The window stands."""
        self._settings.remove("starting")
        self._settings.sync()

    @property
    def running(self) -> str:
        """Folder of the run that trains; empty where none does."""
        return self._text("running")

    @running.setter
    def running(self, value: str) -> None:
        self._settings.setValue("running", value)
        self._settings.sync()  # at once: a kill takes what was not written

    @property
    def gathered(self) -> str:
        """Folder of the project that the open guide copies pictures for; empty where none does."""
        return self._text("gathered")

    @gathered.setter
    def gathered(self, value: str) -> None:
        self._settings.setValue("gathered", value)
        self._settings.sync()

    def last_place(self, like: str) -> str:
        """Folder in which something like this was chosen last; see desktop.choosing."""
        return self._text(f"places/{like}")

    def keep_place(self, like: str, folder: str) -> None:
        self._settings.setValue(f"places/{like}", folder)

    @property
    def recent_projects(self) -> list[str]:
        found = self._settings.value("recent_projects", [])
        texts = found if isinstance(found, list) else [found]
        return [text for text in texts if isinstance(text, str) and _is_text(text)]

    @recent_projects.setter
    def recent_projects(self, value: list[str]) -> None:
        self._settings.setValue("recent_projects", value)

    @property
    def keep_awake(self) -> bool:
        """Whether the computer stays awake while a training runs."""
        return self._flag("keep_awake", default=True)

    @keep_awake.setter
    def keep_awake(self, value: bool) -> None:
        self._settings.setValue("keep_awake", value)

    @property
    def mirror(self) -> str:
        """Address that models are fetched from; empty for the hub's own."""
        return self._text("mirror")

    @mirror.setter
    def mirror(self, value: str) -> None:
        self._settings.setValue("mirror", without_secret(value))

    @property
    def caption_model(self) -> str:
        """Folder of the model that writes captions; empty where none was chosen."""
        return self._text("caption_model")

    @caption_model.setter
    def caption_model(self, value: str) -> None:
        self._settings.setValue("caption_model", value)

    @property
    def card_declined(self) -> str:
        """Version of the PyTorch for the graphics card that the user did not want."""
        return self._text("card_declined")

    @card_declined.setter
    def card_declined(self, value: str) -> None:
        self._settings.setValue("card_declined", value)

    @property
    def advanced(self) -> bool:
        return self._flag("advanced", default=False)

    @advanced.setter
    def advanced(self, value: bool) -> None:
        self._settings.setValue("advanced", value)

    @property
    def language(self) -> str:
        """A code of desktop.language.LANGUAGES; empty for that of the system."""
        return self._text("language")

    @language.setter
    def language(self, value: str) -> None:
        self._settings.setValue("language", value)

"""What the window remembers between starts, behind typed properties."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings

from engine.model_offers import without_secret


class Preferences:
    """QSettings with names and types."""

    def __init__(self) -> None:
        self._settings = QSettings("Imprint", "Imprint")

    @property
    def look(self) -> str:
        """One of desktop.theme.LOOKS."""
        found = str(self._settings.value("look", "dark"))
        return found if found in ("dark", "light", "system") else "dark"

    @look.setter
    def look(self, value: str) -> None:
        self._settings.setValue("look", value)

    @property
    def text_percent(self) -> int:
        """Size of the text, 90 to 150 per cent."""
        found = self._settings.value("text_percent", 100, int)
        return min(max(int(found), 90), 150)  # type: ignore[call-overload]

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
        return str(self._settings.value("last_version", ""))

    @last_version.setter
    def last_version(self, value: str) -> None:
        self._settings.setValue("last_version", value)

    @property
    def last_project(self) -> str:
        return str(self._settings.value("last_project", ""))

    @last_project.setter
    def last_project(self, value: str) -> None:
        self._settings.setValue("last_project", value)

    def failed_starts(self, file: str) -> int:
        """How many starts in a row with this project's file ended before the window stood."""
        if self._settings.value("starting/file", "") != file:
            return 0
        return int(self._settings.value("starting/count", 0, int))  # type: ignore[call-overload]

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
        return str(self._settings.value("running", ""))

    @running.setter
    def running(self, value: str) -> None:
        self._settings.setValue("running", value)
        self._settings.sync()  # at once: a kill takes what was not written

    def last_place(self, like: str) -> str:
        """Folder in which something like this was chosen last; see desktop.choosing."""
        return str(self._settings.value(f"places/{like}", ""))

    def keep_place(self, like: str, folder: str) -> None:
        self._settings.setValue(f"places/{like}", folder)

    @property
    def recent_projects(self) -> list[str]:
        found = self._settings.value("recent_projects", [])
        return [str(text) for text in found] if isinstance(found, list) else [str(found)]

    @recent_projects.setter
    def recent_projects(self, value: list[str]) -> None:
        self._settings.setValue("recent_projects", value)

    @property
    def keep_awake(self) -> bool:
        """Whether the computer stays awake while a training runs."""
        return self._settings.value("keep_awake", True, bool)  # type: ignore[return-value]

    @keep_awake.setter
    def keep_awake(self, value: bool) -> None:
        self._settings.setValue("keep_awake", value)

    @property
    def mirror(self) -> str:
        """Address that models are fetched from; empty for the hub's own."""
        return str(self._settings.value("mirror", ""))

    @mirror.setter
    def mirror(self, value: str) -> None:
        self._settings.setValue("mirror", without_secret(value))

    @property
    def caption_model(self) -> str:
        """Folder of the model that writes captions; empty where none was chosen."""
        return str(self._settings.value("caption_model", ""))

    @caption_model.setter
    def caption_model(self, value: str) -> None:
        self._settings.setValue("caption_model", value)

    @property
    def card_declined(self) -> str:
        """Version of the PyTorch for the graphics card that the user did not want."""
        return str(self._settings.value("card_declined", ""))

    @card_declined.setter
    def card_declined(self, value: str) -> None:
        self._settings.setValue("card_declined", value)

    @property
    def advanced(self) -> bool:
        return self._settings.value("advanced", False, bool)  # type: ignore[return-value]

    @advanced.setter
    def advanced(self, value: bool) -> None:
        self._settings.setValue("advanced", value)

    @property
    def language(self) -> str:
        """A code of desktop.language.LANGUAGES; empty for that of the system."""
        return str(self._settings.value("language", ""))

    @language.setter
    def language(self, value: str) -> None:
        self._settings.setValue("language", value)

"""The shapes of the small files in a run's folder, as far as Imprint uses them."""

from __future__ import annotations

from engine.shapes import PlainName, Record, Seconds, Step


class MethodKind(Record):
    kind: str = ""


class TrainingLength(Record):
    steps: Step = 0


class RunSettings(Record):
    """config.json of a run or of one that waits, whatever the version. engine.config_file checks
    whether a run can be started with it."""

    name: str = ""
    base_model: str = ""
    runs_folder: str = ""
    method: MethodKind = MethodKind()
    training: TrainingLength = TrainingLength()


class RunResult(Record):
    """result.json. A run that goes on has none."""

    outcome: str = ""
    training: str = ""  # the outcome without the export
    seconds: Seconds = 0
    exported_step: Step | None = None
    exports: list[PlainName] = []  # noqa: RUF012 (pydantic copies it)
    sha256: dict[str, str] = {}  # noqa: RUF012


class RunNotes(Record):
    """notes.json: what the user wrote about the run."""

    note: str = ""
    starred: bool = False

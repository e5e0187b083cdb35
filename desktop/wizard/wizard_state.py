"""What the wizard asks, and the settings of a run that follow from the answers. No widgets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from engine import storage
from engine.config import DEFAULT_METHOD, STARTER
from engine.config_file import Data, merge
from engine.data.walk import walk
from engine.presets import count_pictures, named_pictures, starting_point
from engine.project import safe_name
from engine.sample_project import CLASS_WORD, IMAGES, REFERENCE
from engine.trigger_rules import rare_word
from engine.wording import QT_TRANSLATE_NOOP

FEW_STEPS_FOR_ONE = 400  # a single picture is copied soon
MOST_NAME = 60


class Kind(Enum):
    """What is taught: the example name, the class word, and a hint for the pictures."""

    PERSON = ("my-friend", "person")
    OBJECT = ("my-cat", "cat")
    STYLE = ("my-style", "style")
    OTHER = ("my-thing", "")

    @property
    def name_hint(self) -> str:
        return self.value[0]

    @property
    def class_word(self) -> str:
        return self.value[1]


class Captions(Enum):
    """Where the captions come from."""

    SAME = "same"
    FILES = "files"
    MODEL = "model"
    LATER = "later"


class Quality(Enum):
    """How long it trains, as a factor on the steps that are recommended."""

    QUICK = 0.5
    BALANCED = 1.0
    THOROUGH = 1.6


@dataclass(frozen=True, slots=True)
class Answers:
    """All that was answered so far; each page makes the next one of it."""

    kind: Kind = Kind.OBJECT
    name: str = Kind.OBJECT.name_hint
    class_word: str = Kind.OBJECT.class_word
    trigger: str = ""  # empty: made of the name
    folder: str = ""  # empty: the sample pictures
    place: str = ""  # the project's folder, where pictures were gathered in it already
    captions: Captions = Captions.FILES  # the sample pictures have some
    base_model: str = STARTER
    method: str = DEFAULT_METHOD
    quality: Quality = Quality.BALANCED
    samples: bool = True
    touched: bool = field(default=False, compare=False)  # something was entered

    @property
    def uses_sample(self) -> bool:
        return not self.folder

    @property
    def pictures(self) -> Path:
        return Path(self.folder) if self.folder else IMAGES

    @property
    def word(self) -> str:
        """What calls it up in a prompt."""
        return self.trigger or rare_word(self.name)

    @property
    def subject(self) -> str:
        return " ".join(word for word in (self.word, self.class_word) if word)

    @property
    def project_name(self) -> str:
        return self.place or self.wanted_name

    @property
    def wanted_name(self) -> str:
        """Of the project's folder, if it is free."""
        return safe_name(self.name)[:MOST_NAME]

    def with_(self, **changes: object) -> Answers:
        return replace(self, **changes, touched=True)

    def as_draft(self) -> Data:
        """Settings of the run, as plain data; the runs folder comes with the project."""
        count = count_pictures(str(self.pictures))
        data = starting_point(self.method, self.base_model, count)
        steps = int(data["training"]["steps"])
        if count == 1:
            steps = min(steps, FEW_STEPS_FOR_ONE)
        steps = max(10, round(steps * self.quality.value / 10) * 10)
        own: Data = {
            "name": self.name[:80] or self.project_name,
            "base_model": self.base_model,
            "dataset": {
                "folder": str(self.pictures),
                "trigger": self.word,
                "class_word": self.class_word,
                "flip": count == 1 and self.kind is not Kind.PERSON,
            },
            "training": {"steps": steps},
        }
        if not self.samples:
            own["sampling"] = {"every_steps": 0}
        if self.uses_sample:
            own["dataset"]["class_word"] = self.class_word or CLASS_WORD
            own["evaluation"] = {"references": str(REFERENCE)}
        return merge(data, own)


CARDS = {
    Kind.PERSON: QT_TRANSLATE_NOOP("SubjectPage", "A person or character"),
    Kind.OBJECT: QT_TRANSLATE_NOOP("SubjectPage", "A pet or object"),
    Kind.STYLE: QT_TRANSLATE_NOOP("SubjectPage", "A style"),
    Kind.OTHER: QT_TRANSLATE_NOOP("SubjectPage", "Something else"),
}


def set_captions_aside(folder: Path, captions_folder: Path) -> int:
    """Make the standard caption count where files lie beside pictures; returns for how many.

    The files stay as they are: an empty caption of the project's own goes before them. Raises
    OutputNotWritable or DiskFull.
    """
    walked = walk(folder)
    pictures = walked.captioned(named_pictures(walked))
    for path in pictures:
        storage.write_text(captions_folder / f"{storage.sha256_of(path)}.txt", "")
    return len(pictures)

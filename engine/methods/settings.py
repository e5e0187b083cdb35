"""What the settings of every method share, and what the engine may ask them. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from engine.settings import Settings, setting
from engine.wording import QT_TRANSLATE_NOOP

_UNTIL = QT_TRANSLATE_NOOP(
    "engine", "Share of the run after which the text encoders stand still. 1 is to the end."
)


@dataclass(frozen=True, slots=True)
class Prior:
    """What keeps the class from drifting while one member of it is learnt (Ruiz et al. 2022)."""

    prompt: str  # "" means the caption template with the class alone
    weight: float  # of the second loss
    num_images: int  # class pictures wanted; 0: the frozen model's own answer is the target
    folder: str = ""  # pictures of the user's own; "": the base model draws them

    @property
    def from_frozen(self) -> bool:
        return self.num_images == 0 and not self.folder


def learning_rate(default: float) -> Any:
    """The rate that every method has, each with a default of its own."""
    return setting(
        default,
        label=QT_TRANSLATE_NOOP("engine", "Learning rate"),
        help=QT_TRANSLATE_NOOP("engine", "How big each step is. Too high ends in noise."),
        gt=0,
        le=10,
    )


def class_weight(default: float, *, advanced: bool = False) -> Any:
    return setting(
        default,
        label=QT_TRANSLATE_NOOP("engine", "Weight of the class"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Keeps other members of the class as they were. 0 switches it off."
        ),
        advanced=advanced,
        ge=0,
        le=10,
    )


def class_images(default: int, *, advanced: bool = False) -> Any:
    return setting(
        default,
        label=QT_TRANSLATE_NOOP("engine", "Class pictures"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "Drawn once by the base model, then kept. 0 needs none: the base model's own answer "
            "is the target instead.",
        ),
        advanced=advanced,
        ge=0,
        le=10_000,
    )


class MethodSettings(Settings):
    """The base of each method's settings; a subclass narrows `kind` to its own name."""

    # Abilities, which code asks for instead of the name.
    learns_whole_networks: ClassVar[bool] = False  # decides how much memory a run takes

    @property
    def uses_dropout(self) -> bool:
        """Whether a step draws random numbers inside the networks."""
        return getattr(self, "dropout", 0.0) > 0

    @property
    def needs_trigger(self) -> bool:
        """Whether a word is taught, which must then be said."""
        return False

    @property
    def teaches_text(self) -> bool:
        """Whether weights of the text encoders learn."""
        return False

    @property
    def leaves(self) -> tuple[str, ...]:
        """What the run ends with, by the names that the file formats take: "adapter",
        "embedding", "hypernetwork"; "model" where it can be put into a whole model."""
        raise NotImplementedError(type(self).__name__)

    def prior(self) -> Prior | None:
        """What keeps the class from drifting, if it is wanted."""
        return None

    kind: Any = ""  # the name of the method; a Literal in each subclass
    learning_rate: float = learning_rate(1e-4)
    start_from: str = setting(
        "",
        label=QT_TRANSLATE_NOOP("engine", "Go on from a file"),
        help=QT_TRANSLATE_NOOP("engine", "A result of an earlier training, to learn on from."),
        advanced=True,
    )


class TextSettings(MethodSettings):
    """For methods that can teach the text encoders beside the UNet."""

    text_learning_rate: float = setting(
        0.0,
        label=QT_TRANSLATE_NOOP("engine", "Text encoder learning rate"),
        help=QT_TRANSLATE_NOOP("engine", "0 leaves the text encoder as it is."),
        advanced=True,
        ge=0,
        le=1,
        fixed="on",
    )
    text_until: float = setting(
        1.0,
        label=QT_TRANSLATE_NOOP("engine", "Text encoder learns until"),
        help=_UNTIL,
        advanced=True,
        gt=0,
        le=1,
    )

    @property
    def teaches_text(self) -> bool:
        return self.text_learning_rate > 0


class PriorSettings(TextSettings):
    """For methods that can keep the class from drifting (Ruiz et al. 2022, section 3.2)."""

    prior_weight: float = class_weight(0.0, advanced=True)
    num_class_images: int = class_images(0, advanced=True)
    class_prompt: str = setting(
        "",
        label=QT_TRANSLATE_NOOP("engine", "Prompt for class pictures"),
        help=QT_TRANSLATE_NOOP("engine", "Empty: the caption template with the class alone."),
        advanced=True,
        max_length=500,
    )
    class_folder: str = setting(
        "",
        label=QT_TRANSLATE_NOOP("engine", "Own class pictures"),
        help=QT_TRANSLATE_NOOP(
            "engine", "A folder of pictures of the class, instead of drawn ones."
        ),
        advanced=True,
    )

    def prior(self) -> Prior | None:
        """The second loss, if one is wanted."""
        if self.prior_weight == 0:
            return None
        return Prior(self.class_prompt, self.prior_weight, self.num_class_images, self.class_folder)

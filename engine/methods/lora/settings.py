"""What a LoRA run may be told. Imports no torch."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import ValidationInfo, field_validator

from engine.methods.settings import PriorSettings, learning_rate
from engine.settings import setting
from engine.wording import QT_TRANSLATE_NOOP, Phrase

# "down=8", "mid=4", "up.1=16": a part of the UNet, perhaps one of its blocks, and its rank.
_BLOCK = re.compile(r"(mid|(?:down|up)(?:\.\d)?)\s*=\s*(\d{1,3})")
MAX_RANK = 256
NOT_FAITHFUL = ("dora", "oft")  # no file that front ends read says what these mean


class LoraSettings(PriorSettings):
    """Kind, size, strength, places and rates of an add-on."""

    learns_whole_networks: ClassVar[bool] = False

    kind: Literal["lora"] = "lora"
    rank: int = setting(
        16,
        label=QT_TRANSLATE_NOOP("engine", "Rank"),
        help=QT_TRANSLATE_NOOP(
            "engine", "How much the add-on can hold. Higher is larger, not always better."
        ),
        ge=1,
        le=MAX_RANK,
        fixed="value",
    )
    alpha: float = setting(
        16.0,
        label=QT_TRANSLATE_NOOP("engine", "Alpha"),
        help=QT_TRANSLATE_NOOP("engine", "The result is scaled by alpha / rank."),
        advanced=True,
        gt=0,
        le=1024,
        fixed="value",
    )
    learning_rate: float = learning_rate(1e-4)
    algorithm: Literal["lora", "dora", "loha", "lokr", "oft"] = setting(
        "lora",
        label=QT_TRANSLATE_NOOP("engine", "Kind of add-on"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "lora, loha and lokr leave as files of their own; no front end reads dora and oft as "
            "they are meant, so these leave as a whole model.",
        ),
        advanced=True,
        fixed="value",
    )
    dropout: float = setting(
        0.0,
        label=QT_TRANSLATE_NOOP("engine", "Dropout"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Share of the add-on's inputs that is left out at random."
        ),
        advanced=True,
        ge=0,
        lt=1,
    )
    feed_forward: bool = setting(
        True,
        label=QT_TRANSLATE_NOOP("engine", "Feed-forward layers too"),
        help=QT_TRANSLATE_NOOP("engine", "Off: only the attention layers learn."),
        advanced=True,
        fixed="value",
    )
    conv: bool = setting(
        False,
        label=QT_TRANSLATE_NOOP("engine", "Convolutions too"),
        help=QT_TRANSLATE_NOOP("engine", "Also called LoCon. Larger file; helps with styles."),
        advanced=True,
        fixed="value",
    )
    conv_rank: int = setting(
        0,
        label=QT_TRANSLATE_NOOP("engine", "Rank of convolutions"),
        help=QT_TRANSLATE_NOOP("engine", "Of those with a 3x3 kernel. 0: the same as the rank."),
        advanced=True,
        ge=0,
        le=MAX_RANK,
        fixed="value",
    )
    block_ranks: str = setting(
        "",
        label=QT_TRANSLATE_NOOP("engine", "Ranks by block"),
        help=QT_TRANSLATE_NOOP(
            "engine", "For parts of the UNet, as in down=8, mid=4, up.1=16. Empty: all alike."
        ),
        advanced=True,
        max_length=200,
        fixed="value",
    )
    rslora: bool = setting(
        False,
        label=QT_TRANSLATE_NOOP("engine", "Rank-stabilised"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Scales by alpha / root of the rank, so that high ranks learn as fast."
        ),
        advanced=True,
        fixed="value",
    )
    plus_ratio: float = setting(
        1.0,
        label=QT_TRANSLATE_NOOP("engine", "LoRA+ ratio"),
        help=QT_TRANSLATE_NOOP(
            "engine", "How much faster the outer matrix learns than the inner one. 1: the same."
        ),
        advanced=True,
        ge=1,
        le=64,
    )
    lokr_factor: int = setting(
        -1,
        label=QT_TRANSLATE_NOOP("engine", "LoKr factor"),
        help=QT_TRANSLATE_NOOP(
            "engine", "Size of the smaller of the two matrices. -1: as even as it goes."
        ),
        advanced=True,
        ge=-1,
        le=4096,
        fixed="value",
    )

    word_vectors: int = setting(
        0,
        label=QT_TRANSLATE_NOOP("engine", "Vectors of a new word"),
        help=QT_TRANSLATE_NOOP(
            "engine",
            "Also called pivotal tuning: the trigger word is learnt too, and leaves as a second "
            "file that belongs to the first. 0: no new word.",
        ),
        advanced=True,
        ge=0,
        le=32,
        fixed="value",
    )
    word_learning_rate: float = setting(
        5e-3,
        label=QT_TRANSLATE_NOOP("engine", "Learning rate of the new word"),
        help=QT_TRANSLATE_NOOP(
            "engine", "The word learns for as long as the text encoders are told to."
        ),
        advanced=True,
        gt=0,
        le=10,
    )

    @property
    def needs_trigger(self) -> bool:
        return self.word_vectors > 0

    @property
    def leaves(self) -> tuple[str, ...]:
        if self.word_vectors:
            return ("adapter", "embedding")  # a whole model has no place for the word
        return ("model",) if self.algorithm in NOT_FAITHFUL else ("adapter", "model")

    @property
    def ranks_by_block(self) -> dict[str, int]:
        """Start of a UNet layer's path, as a pattern -> rank; the most special first."""
        found = {}
        for part in filter(None, (part.strip() for part in self.block_ranks.split(","))):
            match = _BLOCK.fullmatch(part)
            if match is not None:
                name, _, number = match[1].partition(".")
                block = "mid_block" if name == "mid" else f"{name}_blocks"
                found[rf"{block}\.{number}\." if number else rf"{block}\."] = int(match[2])
        return dict(sorted(found.items(), key=lambda item: -len(item[0])))

    @field_validator("block_ranks")
    @classmethod
    def _is_readable(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            match = _BLOCK.fullmatch(part)
            if match is None or not 1 <= int(match[2]) <= MAX_RANK:
                raise ValueError(
                    Phrase(
                        QT_TRANSLATE_NOOP(
                            "engine", "{part} should read as down=8, mid=4 or up.1=16"
                        ),
                        part=part,
                    )
                )
        return value

    @field_validator("dropout", "conv", "conv_rank", "block_ranks")
    @classmethod
    def _is_not_for_oft(cls, value: Any, info: ValidationInfo) -> Any:
        # peft's OFT turns patches that overlap, which changes the model before a step is taken;
        # of the others it takes no notice.
        is_set = value != cls.model_fields[str(info.field_name)].default
        if info.data.get("algorithm") == "oft" and is_set:
            raise ValueError(
                Phrase(QT_TRANSLATE_NOOP("engine", "it cannot be used with the kind oft"))
            )
        return value

    @field_validator("word_vectors")
    @classmethod
    def _has_a_file_beside_it(cls, value: int, info: ValidationInfo) -> int:
        kind = info.data.get("algorithm", "lora")
        if value and kind in NOT_FAITHFUL:
            raise ValueError(
                Phrase(
                    QT_TRANSLATE_NOOP(
                        "engine",
                        "a new word needs an add-on beside it, and {kind} leaves a whole model",
                    ),
                    kind=kind,
                )
            )
        return value

    @field_validator("rslora", "plus_ratio")
    @classmethod
    def _suits_the_kind(cls, value: float, info: ValidationInfo) -> float:
        # The kind stands above these two, so it has been read when they are.
        kind = info.data.get("algorithm", "lora")
        if kind not in ("lora", "dora") and value != cls.model_fields[str(info.field_name)].default:
            raise ValueError(
                Phrase(
                    QT_TRANSLATE_NOOP(
                        "engine", "it is for the kinds lora and dora and does nothing to {kind}"
                    ),
                    kind=kind,
                )
            )
        return value

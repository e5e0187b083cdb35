"""What is worth knowing about a set of pictures, with the pictures it is about and what helps.

Hints only: nothing here stops a training, and nothing is done without a click.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from engine.data.captions import is_weighted, names_trigger
from engine.data.looks import Looks, groups_of_alike
from engine.data.tokens import LIMIT, count_tokens
from engine.dataset_notices import CaptionRemark, FewPictures, OrphanCaptions
from engine.errors import Notice
from engine.wording import QT_TRANSLATE_NOOP, Phrase, listed

FEW = 5


class Fix(Enum):
    """What a click can do about it; the words belong to the window."""

    SHOW = "show"
    LEAVE_OUT = "leave_out"
    KEEP_BEST = "keep_best"  # of each group of copies
    ADD_TRIGGER = "add_trigger"
    ADD_PICTURES = "add_pictures"
    TAKE_OVER = "take_over"  # what was set for the picture that had the name before
    KEEP = "keep"  # it is all right as it is


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture as the checks look at it. Nothing here is left out of the training."""

    key: str  # sha256 of the file; the path where it cannot be read
    name: str
    caption: str
    width: int  # as trained on
    height: int
    looks: Looks | None
    refusal: Phrase | None = None
    remarks: tuple[Phrase, ...] = ()  # on its caption


@dataclass(frozen=True, slots=True)
class Finding:
    """A notice about some pictures of a set."""

    message: Notice
    keys: tuple[str, ...]
    fixes: tuple[Fix, ...]
    groups: tuple[tuple[str, ...], ...] = ()  # of copies, the best of each first


class NotUsable(Notice):
    code = "IM-IMG-06"
    summary = QT_TRANSLATE_NOOP("engine", "Left out of the training: {names}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Click a picture to see why.")


class Alike(Notice):
    code = "IM-IMG-08"
    summary = QT_TRANSLATE_NOOP("engine", "The same or nearly the same: {names}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Copies count twice in the training.")


class TooSmall(Notice):
    code = "IM-IMG-03"
    summary = QT_TRANSLATE_NOOP("engine", "Smaller than {side} pixels: {names}.")
    remedy = QT_TRANSLATE_NOOP("engine", "They are enlarged and look soft.")


class Blurred(Notice):
    code = "IM-IMG-04"
    summary = QT_TRANSLATE_NOOP("engine", "Perhaps blurred: {names}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Blur is learnt as well. Have a look.")


class Blank(Notice):
    code = "IM-IMG-09"
    summary = QT_TRANSLATE_NOOP("engine", "One colour all over: {names}.")
    remedy = QT_TRANSLATE_NOOP("engine", "There is nothing to learn from it.")


class Transparent(Notice):
    code = "IM-IMG-07"
    summary = QT_TRANSLATE_NOOP("engine", "The transparent part becomes white: {names}.")


class WithoutCaption(Notice):
    code = "IM-CAP-01"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Without a caption, so the standard one is used: {names}."
    )


class LongCaption(Notice):
    code = "IM-CAP-05"
    summary = QT_TRANSLATE_NOOP("engine", "More than {limit} tokens in the caption of {names}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Say the important things first.")


class WithoutTrigger(Notice):
    code = "IM-CAP-03"
    summary = QT_TRANSLATE_NOOP("engine", "The trigger word is not in the caption of {names}.")
    remedy = QT_TRANSLATE_NOOP("engine", "It is put in front while training.")


class Weighted(Notice):
    code = "IM-CAP-07"
    summary = QT_TRANSLATE_NOOP("engine", "Written as for a prompt, with weights or tags: {names}.")
    remedy = QT_TRANSLATE_NOOP("engine", "While training they are words like any other.")


def examine(
    pictures: Sequence[Seen],
    orphans: Sequence[str],
    notices: Sequence[Notice] = (),
    *,
    resolution: int,
    trigger: str,
) -> list[Finding]:
    """All that is worth knowing, the gravest first.

    `orphans` are names of files, `notices` are about the folder and no single picture.
    """
    usable = [picture for picture in pictures if picture.refusal is None]
    found = [
        _about(NotUsable, [p for p in pictures if p.refusal is not None], Fix.SHOW),
        *(Finding(notice, (), (Fix.KEEP,)) for notice in notices),
        _few(usable),
        _alike(usable),
        _about(
            TooSmall,
            _those(usable, lambda p: min(p.width, p.height) < resolution),
            Fix.SHOW, Fix.LEAVE_OUT, Fix.KEEP,
            side=resolution,
        ),
        _about(Blank, _those(usable, _is_blank), Fix.SHOW, Fix.LEAVE_OUT, Fix.KEEP),
        _about(Blurred, _those(usable, _is_blurred), Fix.SHOW, Fix.LEAVE_OUT, Fix.KEEP),
        *_on_captions(usable),
        _about(WithoutCaption, _those(usable, lambda p: not p.caption), Fix.SHOW, Fix.KEEP),
        _about(
            LongCaption,
            _those(usable, lambda p: count_tokens(p.caption) > LIMIT),
            Fix.SHOW, Fix.KEEP,
            limit=LIMIT,
        ),
        _about(
            WithoutTrigger,
            _those(usable, lambda p: bool(p.caption) and not names_trigger(p.caption, trigger)),
            Fix.ADD_TRIGGER, Fix.SHOW, Fix.KEEP,
        ),
        _about(Weighted, _those(usable, lambda p: is_weighted(p.caption)), Fix.SHOW, Fix.KEEP),
        _about(Transparent, _those(usable, _is_transparent), Fix.SHOW, Fix.KEEP),
    ]  # fmt: skip
    if orphans:
        message = OrphanCaptions(names=listed(orphans))
        found.append(Finding(message, (), (Fix.KEEP,)))
    return [finding for finding in found if finding is not None]


def best_of(group: Sequence[Seen]) -> Seen:
    """The copy to keep: the largest, of equals the sharpest, then the one with a caption."""
    return max(
        group,
        key=lambda p: (
            p.width * p.height,
            round(p.looks.sharpness) if p.looks else 0,
            bool(p.caption),
        ),
    )


def _those(pictures: Sequence[Seen], test: Callable[[Seen], bool]) -> list[Seen]:
    return [picture for picture in pictures if test(picture)]


def _about(
    kind: type[Notice], pictures: Sequence[Seen], *fixes: Fix, **facts: int
) -> Finding | None:
    if not pictures:
        return None
    names = listed([picture.name for picture in pictures])
    return Finding(kind(names=names, **facts), tuple(p.key for p in pictures), fixes)


def _on_captions(usable: Sequence[Seen]) -> list[Finding]:
    """One finding for each remark, about all pictures that it is true of."""
    about: dict[Phrase, list[Seen]] = {}
    for picture in usable:
        for remark in picture.remarks:
            about.setdefault(remark, []).append(picture)
    return [
        Finding(
            CaptionRemark(names=listed([p.name for p in those]), reason=remark),
            tuple(p.key for p in those),
            (Fix.SHOW, Fix.KEEP),
        )
        for remark, those in about.items()
    ]


def _few(usable: Sequence[Seen]) -> Finding | None:
    if not 0 < len(usable) < FEW:
        return None
    message = FewPictures(count=len(usable))
    return Finding(message, tuple(p.key for p in usable), (Fix.ADD_PICTURES, Fix.KEEP))


def _alike(usable: Sequence[Seen]) -> Finding | None:
    known = {picture.key: picture for picture in usable if picture.looks is not None}
    looks = {key: picture.looks for key, picture in known.items() if picture.looks is not None}
    groups = []
    for group in groups_of_alike(looks):
        pictures = [known[key] for key in group]
        best = best_of(pictures)
        groups.append((best.key, *(p.key for p in pictures if p is not best)))
    if not groups:
        return None
    names = listed([known[key].name for group in groups for key in group])
    keys = tuple(key for group in groups for key in group)
    fixes = (Fix.KEEP_BEST, Fix.SHOW, Fix.KEEP)
    return Finding(Alike(names=names), keys, fixes, tuple(groups))


def _is_blank(picture: Seen) -> bool:
    return picture.looks is not None and picture.looks.is_blank


def _is_blurred(picture: Seen) -> bool:
    looks = picture.looks
    return looks is not None and looks.is_blurred and not looks.is_blank


def _is_transparent(picture: Seen) -> bool:
    return picture.looks is not None and picture.looks.transparent

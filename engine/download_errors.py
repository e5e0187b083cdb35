"""What may go wrong while a model is fetched; see engine.errors for the form."""

from __future__ import annotations

from engine.errors import DiskFull, UserError
from engine.wording import QT_TRANSLATE_NOOP


class NoConnection(UserError):
    code = "IM-DL-02"
    summary = QT_TRANSLATE_NOOP("engine", "No connection to {host}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "What has arrived is kept; continue later, or set a mirror address."
    )


class NotTrusted(UserError):
    code = "IM-DL-11"
    summary = QT_TRANSLATE_NOOP(
        "engine", "Nobody vouches for who answers as {host}, so nothing was fetched."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "A virus scanner or a proxy may stand between: ask who runs the network. Or get the file "
        "elsewhere and choose “Add a file”.",
    )


class OfferGone(UserError):
    code = "IM-DL-03"
    summary = QT_TRANSLATE_NOOP("engine", "{name} is no longer where it was.")
    remedy = QT_TRANSLATE_NOOP("engine", "Get the file elsewhere and choose “Add a file”.")


class OfferLocked(UserError):
    code = "IM-DL-04"
    summary = QT_TRANSLATE_NOOP("engine", "{name} is given only to people who agreed to its terms.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Open {page} in a browser, download the file there, and choose “Add a file”."
    )


class ServerRefused(UserError):
    code = "IM-DL-05"
    summary = QT_TRANSLATE_NOOP("engine", "The server answered with error {status}.")
    remedy = QT_TRANSLATE_NOOP("engine", "What has arrived is kept; try again later.")


class DownloadDamaged(UserError):
    code = "IM-DL-06"
    summary = QT_TRANSLATE_NOOP("engine", "{name} arrived damaged: {reason}")
    remedy = QT_TRANSLATE_NOOP("engine", "The damaged file was removed. Download it again.")


class NotAHub(UserError):
    """Raised for a sign-in page of a network too, and for a mirror that is mistyped."""

    code = "IM-DL-07"
    summary = QT_TRANSLATE_NOOP("engine", "{address} does not answer as a model hub does.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Check the mirror address (it begins with https://), and whether this network wants you "
        "to sign in.",
    )


class NoRoomForModel(DiskFull):
    code = "IM-DL-08"
    remedy = QT_TRANSLATE_NOOP("engine", "Free some space, then go on: what has arrived is kept.")
    setting = ""


class TooManyRequests(ServerRefused):
    code = "IM-DL-09"
    summary = QT_TRANSLATE_NOOP("engine", "The server gets too many requests from here just now.")
    remedy = QT_TRANSLATE_NOOP("engine", "What has arrived is kept; go on in some minutes.")


class OfferRefused(UserError):
    code = "IM-DL-10"
    summary = QT_TRANSLATE_NOOP("engine", "The server does not give {name} to this computer.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Open {page} in a browser, download the file there, and choose “Add a file”."
    )


class FetchBroke(UserError):
    """The last resort: a fault of ours, or of a library. The log has the details."""

    code = "IM-DL-13"
    summary = QT_TRANSLATE_NOOP("engine", "Fetching was cut off by a fault: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "What has arrived is kept: try again. If it comes again, report it, please."
    )

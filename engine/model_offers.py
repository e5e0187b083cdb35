"""Base models that can be fetched: a short list, and the one table of public addresses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import platformdirs

from engine import records
from engine.errors import UserError
from engine.models.catalog import RESOURCES
from engine.records import NotRead
from engine.shapes import OtherShape, shaped
from engine.wording import QT_TRANSLATE_NOOP

LIST = RESOURCES / "models.json"
# Every public address that the program itself may ask, and only when a download is begun.
ADDRESSES = {"model hub": "https://huggingface.co"}


class OffersUnreadable(UserError):
    code = "IM-DL-01"
    summary = QT_TRANSLATE_NOOP("engine", "The list of models is damaged: {reason}")
    remedy = QT_TRANSLATE_NOOP("engine", "Install Imprint again, or add a model file of your own.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One file of one repository of the hub. Its sha256 is asked of the hub when it is fetched."""

    name: str
    hub_id: str
    file: str
    family: str  # name of engine.models.catalog.Family
    licence: str
    licence_page: str
    about_bytes: int


def load_offers(path: Path = LIST) -> tuple[Offer, ...]:
    """Raises OffersUnreadable."""
    try:
        data = records.read_json(path)
        return tuple(shaped(offer, Offer) for offer in shaped(data.get("models"), list))
    except (NotRead, OtherShape) as error:
        raise OffersUnreadable(reason=str(error)) from error


def without_secret(address: str) -> str:
    """An address as it may be kept: names, passwords and tokens that were pasted with it go."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:  # no address at all, as the download will say
        return address.strip().partition("?")[0].rpartition("@")[2]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def hub_address(mirror: str = "") -> str:
    """Where the hub is asked: what the user set, what HF_ENDPOINT says, or the hub itself."""
    return (mirror or os.environ.get("HF_ENDPOINT") or ADDRESSES["model hub"]).rstrip("/")


def models_folder() -> Path:
    """Where models that are fetched lie unless the user says otherwise."""
    return Path(platformdirs.user_data_dir("imprint", appauthor=False)) / "models"

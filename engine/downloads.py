"""Fetches a model file from the hub: goes on where it was cut off, and proves what arrived.

The hub's own library tells address, size and sha256. The bytes are fetched here, because it
neither pauses nor compares the sum of what lies on the disk in the end.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from engine import storage
from engine.control import Control
from engine.errors import DiskFull, UserError
from engine.model_offers import Offer, hub_address
from engine.wording import QT_TRANSLATE_NOOP

CHUNK = 256 * 1024
TIMEOUT_SECONDS = 10.0  # without a byte
ATTEMPTS = 5  # in a row that bring nothing
WAIT_SECONDS = 1.0  # doubled after each of them
TELL_SECONDS = 0.2
SHA256_LETTERS = 64
MARGIN_BYTES = 256 << 20  # that stay free on the disk


class NoConnection(UserError):
    code = "IM-DL-02"
    summary = QT_TRANSLATE_NOOP("engine", "No connection to {host}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "What has arrived is kept; continue later, or set a mirror address."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a download is. `is_checking`: all is there and its sum is being compared."""

    done_bytes: int
    total_bytes: int
    is_checking: bool = False
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class _Remote:
    """The file as the hub knows it now."""

    address: str
    size: int
    etag: str

    @property
    def sha256(self) -> str:
        """Empty where the hub tells another kind of mark."""
        return self.etag if len(self.etag) == SHA256_LETTERS else ""


def download(offer: Offer, folder: Path, control: Control, mirror: str = "") -> Iterator[Progress]:
    """Yield how far it is; return the file's path, or None where Stop came first.

    What has arrived is kept beside the file and gone on from. Raises NoConnection, OfferGone,
    OfferLocked, ServerRefused, DownloadDamaged, DiskFull or OutputNotWritable.
    """
    storage.require_writable(folder)
    remote = _ask(offer, hub_address(mirror))
    target = folder / offer.file
    is_there = target.is_file() and target.stat().st_size == remote.size
    if is_there and (yield from _has_sum(target, remote)):
        return target
    part, notes = folder / f"{offer.file}.part", folder / f"{offer.file}.part.json"
    _begin(part, notes, remote)
    free = storage.free_bytes(folder)
    missing = remote.size - part.stat().st_size
    if missing + MARGIN_BYTES > free:
        raise DiskFull(folder=str(folder), need_mib=missing / 2**20, free_mib=free / 2**20)
    if not (yield from _fetch(part, remote, control)):
        return None
    if part.stat().st_size != remote.size or not (yield from _has_sum(part, remote)):
        _remove(part, notes)
        raise DownloadDamaged(name=offer.file, reason="sha256")
    try:
        part.replace(target)
    except OSError as error:
        raise storage.as_user_error(error, folder) from error
    _remove(notes)
    return target


def _ask(offer: Offer, address: str) -> _Remote:
    host = httpx2.URL(address).host
    try:
        url = hf_hub_url(offer.hub_id, offer.file, endpoint=address)
        found = get_hf_file_metadata(url, token=False, timeout=TIMEOUT_SECONDS, endpoint=address)
    except GatedRepoError as error:
        raise OfferLocked(name=offer.name, page=f"{address}/{offer.hub_id}") from error
    except (EntryNotFoundError, RepositoryNotFoundError) as error:
        raise OfferGone(name=offer.name) from error
    except HfHubHTTPError as error:
        raise ServerRefused(status=error.response.status_code) from error
    except (httpx2.HTTPError, OfflineModeIsEnabled, OSError) as error:
        raise NoConnection(host=host) from error
    if not found.size or not found.etag:
        raise ServerRefused(status="?")
    return _Remote(found.location, found.size, found.etag)


def _begin(part: Path, notes: Path, remote: _Remote) -> None:
    """Keep what is of the very same file; a changed one begins anew."""
    wanted = {"etag": remote.etag, "size": remote.size}
    try:
        same = json.loads(notes.read_text("utf-8")) == wanted
    except (OSError, ValueError):
        same = False
    if not same or not part.is_file() or part.stat().st_size > remote.size:
        _remove(part, notes)
    storage.write_json(notes, wanted)
    try:
        part.touch()
    except OSError as error:
        raise storage.as_user_error(error, part.parent) from error


def _fetch(part: Path, remote: _Remote, control: Control) -> Iterator[Progress]:
    """Yield how far it is; return False where Stop came first."""
    failures = 0
    host = httpx2.URL(remote.address).host
    # The hub's own credentials never go along to wherever it sends us.
    with httpx2.Client(follow_redirects=True, timeout=TIMEOUT_SECONDS) as client:
        while (have := part.stat().st_size) < remote.size:
            if control.stop_requested:
                return False
            if control.pause_requested:
                yield Progress(done_bytes=have, total_bytes=remote.size, is_paused=True)
                time.sleep(TELL_SECONDS)
                continue
            try:
                yield from _stream(client, part, remote, control)
            except httpx2.HTTPStatusError as error:
                status = error.response.status_code
                if status < 500 and status != 429:
                    raise ServerRefused(status=status) from error
            except httpx2.HTTPError:
                pass  # cut, stalled or gone; seen by what arrived
            failures = 0 if part.stat().st_size > have else failures + 1
            if failures >= ATTEMPTS:
                raise NoConnection(host=host)
            if failures:
                yield from _wait(WAIT_SECONDS * 2 ** (failures - 1), part, remote, control)
    return True


def _stream(
    client: httpx2.Client, part: Path, remote: _Remote, control: Control
) -> Iterator[Progress]:
    """One request, from where the part ends."""
    have = part.stat().st_size
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"}
    told = time.monotonic()
    with client.stream("GET", remote.address, headers=headers) as response:
        response.raise_for_status()
        goes_on = response.status_code == 206
        try:
            with part.open("r+b") as file:
                if not goes_on:
                    file.truncate(0)  # the server knows no ranges and sends all of it again
                    have = 0
                file.seek(have)
                for chunk in response.iter_raw(CHUNK):
                    file.write(chunk[: remote.size - have])
                    have += len(chunk)
                    if control.stop_requested or control.pause_requested or have >= remote.size:
                        break
                    if time.monotonic() - told > TELL_SECONDS:
                        told = time.monotonic()
                        yield Progress(done_bytes=have, total_bytes=remote.size)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise storage.as_user_error(error, part.parent) from error


def _wait(seconds: float, part: Path, remote: _Remote, control: Control) -> Iterator[Progress]:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not control.stop_requested:
        yield Progress(done_bytes=part.stat().st_size, total_bytes=remote.size)
        time.sleep(min(TELL_SECONDS, seconds))


def _has_sum(path: Path, remote: _Remote) -> Iterator[Progress]:
    """Yield how far the reading is; return whether the sum is the hub's."""
    if not remote.sha256:
        return True  # a small file without one; its size was compared
    digest, done, told = hashlib.sha256(), 0, time.monotonic()
    with path.open("rb") as file:
        while chunk := file.read(32 * CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                yield Progress(done_bytes=done, total_bytes=remote.size, is_checking=True)
    return digest.hexdigest() == remote.sha256


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()

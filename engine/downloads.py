"""Fetches a model file from the hub: goes on where it was cut off, and proves what arrived.

The hub's own library tells address, size and sha256. The bytes are fetched here, because it
neither pauses nor compares the sum of what lies on the disk in the end.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from engine import records, storage
from engine.control import Control
from engine.download_errors import (
    DownloadDamaged,
    NoConnection,
    NoRoomForModel,
    NotAHub,
    NotTrusted,
    OfferGone,
    OfferLocked,
    OfferRefused,
    ServerRefused,
    TooManyRequests,
)
from engine.errors import DiskFull, OutputNotWritable, UserError
from engine.file_names import whole_number
from engine.model_offers import Offer, hub_address, without_secret
from engine.patience import patiently
from engine.records import NotRead
from engine.regular_files import is_file, opened
from engine.wording import QT_TRANSLATE_NOOP, Phrase

CHUNK = 8 << 20  # of a file whose sum is taken
TIMEOUT_SECONDS = 10.0  # without a byte
ATTEMPTS = 5  # in a row that bring nothing
ATTEMPTS_REFUSED = 2  # of them where a fresh address was refused too
WAIT_SECONDS = 1.0  # doubled after each of them
TELL_SECONDS = 0.2
MARGIN_BYTES = 256 << 20  # that stay free on the disk
_SHA256 = re.compile("[0-9a-f]{64}")
_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})")
_BAD_SUM = Phrase(
    QT_TRANSLATE_NOOP("engine", "its sum (sha256) is not the one that the hub tells.")
)
_BAD_LENGTH = Phrase(QT_TRANSLATE_NOOP("engine", "its length is not the one that the hub tells."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a download is. `is_checking`: all is there and its sum is being compared."""

    done_bytes: int
    total_bytes: int
    is_checking: bool = False
    is_paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedFile:
    """A file whose address, length and sha256 were known when this program was built."""

    name: str
    file: str
    address: str
    about_bytes: int  # exactly
    sha256: str


@dataclass(frozen=True, slots=True)
class _Remote:
    """The file as the hub knows it now."""

    address: str  # signed: it holds for minutes or hours only
    size: int
    sha256: str


class _Stopped(Exception):
    """Raised where Stop is seen; what has arrived stays."""


class _Lost(Exception):
    """Raised when trying again may help; `error` is what is said when it did not."""

    def __init__(self, error: UserError, attempts: int | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.attempts = ATTEMPTS if attempts is None else attempts


@dataclass(slots=True)
class _Job:
    offer: Offer | PinnedFile
    folder: Path
    control: Control
    hub: str
    total: int = 0  # until the hub was asked, what the list says
    has_asked: bool = False

    @property
    def target(self) -> Path:
        return self.folder / self.offer.file

    @property
    def part(self) -> Path:
        return self.folder / f"{self.offer.file}.part"

    @property
    def notes(self) -> Path:
        return self.folder / f"{self.offer.file}.part.json"

    @property
    def have(self) -> int:
        """Bytes that arrived; 0 also where somebody cleared them away."""
        return self.part.stat().st_size if is_file(self.part) else 0

    @property
    def host(self) -> str:
        return httpx2.URL(self.hub).host

    def progress(
        self, have: int, *, is_checking: bool = False, is_paused: bool = False
    ) -> Progress:
        return Progress(
            done_bytes=have, total_bytes=self.total, is_checking=is_checking, is_paused=is_paused
        )

    def heed(self) -> None:
        if self.control.stop_requested:
            raise _Stopped

    def hold(self, have: int, *, is_checking: bool = False) -> Iterator[Progress]:
        """Yield while paused."""
        self.heed()
        while self.control.pause_requested:
            yield self.progress(have, is_checking=is_checking, is_paused=True)
            time.sleep(TELL_SECONDS)
            self.heed()


def download(
    offer: Offer | PinnedFile, folder: Path, control: Control, mirror: str = ""
) -> Generator[Progress, None, Path | None]:
    """Yield how far it is; return the file's path, or None where Stop came first.

    What has arrived is kept beside the file and gone on from. Yields at least once a second,
    also while nothing arrives. Raises one of engine.download_errors, or OutputNotWritable.
    """
    address = offer.address if isinstance(offer, PinnedFile) else mirror
    job = _Job(offer, folder, control, _address_of(address), total=offer.about_bytes)
    storage.require_writable(folder)
    try:
        return (yield from _insist(job))
    except _Stopped:
        return None
    except OSError as error:
        said = storage.as_user_error(error, folder)
        raise (NoRoomForModel(**said.facts) if isinstance(said, DiskFull) else said) from error


def _address_of(mirror: str) -> str:
    address = hub_address(without_secret(mirror))
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL as error:
        raise NotAHub(address=address) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise NotAHub(address=address)
    return address


def _insist(job: _Job) -> Generator[Progress, None, Path]:
    """Try again, with growing waits, as long as tries bring something."""
    failures = 0
    while True:
        before = job.have
        try:
            if (yield from _attempt(job)):
                return job.target
            lost = _Lost(NoConnection(host=job.host))  # it ended too early
        except _Lost as error:
            lost = error
        if job.have > before:
            failures = 0
        elif not job.control.pause_requested:
            failures += 1
        if failures >= lost.attempts:
            raise lost.error
        if failures:
            yield from _wait(job, WAIT_SECONDS * 2 ** (failures - 1))


def _attempt(job: _Job) -> Generator[Progress, None, bool]:
    """Ask, fetch what is missing, compare; return whether the file stands whole."""
    yield from job.hold(job.have)
    remote = yield from _ask(job)
    first, job.has_asked, job.total = not job.has_asked, True, remote.size
    is_there = first and is_file(job.target) and job.target.stat().st_size == remote.size
    if is_there and (yield from _has_sum(job, job.target, remote)):
        return True
    _begin(job, remote)
    free = storage.free_bytes(job.folder)
    missing = remote.size - job.have
    if missing + MARGIN_BYTES > free:
        raise NoRoomForModel(
            folder=str(job.folder), need_mib=missing / 2**20, free_mib=free / 2**20
        )
    if missing:
        yield from _stream(job, remote)
    if job.have < remote.size:
        return False
    if not (yield from _has_sum(job, job.part, remote)):
        raise _damaged(job, _BAD_SUM)
    _sync(job.part)
    storage.replace_file(job.part, job.target, over=True)  # of this name: it was looked at before
    _remove(job.notes)
    return True


def _ask(job: _Job) -> Generator[Progress, None, _Remote]:
    """Asked anew for each connection: the file may have changed, and addresses expire."""
    try:
        with closing(patiently(_answer(job), TELL_SECONDS)) as answers:
            for answer in answers:
                if answer is not None:
                    return answer
                job.heed()
                yield job.progress(job.have)
    except GatedRepoError as error:
        raise OfferLocked(name=job.offer.name, page=_page(job)) from error
    except (EntryNotFoundError, RepositoryNotFoundError, DisabledRepoError) as error:
        raise OfferGone(name=job.offer.name) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (404, 410):
            raise OfferGone(name=job.offer.name) from error
        if status in (401, 403):
            raise OfferRefused(name=job.offer.name, page=_page(job)) from error
        raise _refused(status) from error
    except (httpx2.ConnectError, OfflineModeIsEnabled) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):  # the library keeps no better trace of it
            raise NotTrusted(host=job.host) from error
        # Who is offline wants to know it at once; who was online a moment ago can wait.
        raise _Lost(NoConnection(host=job.host), None if job.has_asked else 1) from error
    except httpx2.HTTPError as error:
        raise _Lost(NoConnection(host=job.host)) from error
    raise NotAHub(address=job.hub)


def _answer(job: _Job) -> Iterator[_Remote]:
    """In a thread. Nothing where it is no hub that answers: without a sum nothing is fetched."""
    if isinstance(job.offer, PinnedFile):  # nobody needs to be asked
        yield _Remote(job.offer.address, job.offer.about_bytes, job.offer.sha256)
        return
    url = hf_hub_url(job.offer.hub_id, job.offer.file, endpoint=job.hub)
    found = get_hf_file_metadata(url, token=False, timeout=TIMEOUT_SECONDS, endpoint=job.hub)
    if found.commit_hash and found.size and _SHA256.fullmatch(found.etag or ""):
        yield _Remote(found.location, found.size, found.etag or "")


def _page(job: _Job) -> str:
    return job.hub if isinstance(job.offer, PinnedFile) else f"{job.hub}/{job.offer.hub_id}"


def _refused(status: int) -> _Lost:
    error = TooManyRequests(status=status) if status == 429 else ServerRefused(status=status)
    return _Lost(error, None if status == 429 or status >= 500 else ATTEMPTS_REFUSED)


def _begin(job: _Job, remote: _Remote) -> None:
    """Keep what is of the very same file; a changed one begins anew."""
    wanted = {"etag": remote.sha256, "size": remote.size}
    try:
        same = records.read_json(job.notes) == wanted
    except NotRead:
        same = False
    if same and is_file(job.part) and job.have <= remote.size:
        return
    _remove(job.part, job.notes)
    storage.write_json(job.notes, wanted, over=True)  # a name that only a download has
    with storage.open_own(job.part):
        pass


def _stream(job: _Job, remote: _Remote) -> Iterator[Progress]:
    """One request, from where the part ends."""
    have, told = job.have, time.monotonic()
    try:
        with (
            storage.open_own(job.part) as file,
            closing(patiently(_bytes_from(remote, have), TELL_SECONDS)) as pieces,
        ):
            for piece in pieces:
                if isinstance(piece, int):  # where the bytes that follow belong
                    have = piece
                    file.seek(have)
                    file.truncate()
                elif piece is not None:
                    have += file.write(piece[: remote.size - have])
                if job.control.stop_requested or job.control.pause_requested:
                    break
                if piece is None or time.monotonic() - told > TELL_SECONDS:
                    told = time.monotonic()
                    yield job.progress(have)
    except httpx2.HTTPStatusError as error:
        if error.response.status_code == 416:
            raise _damaged(job, _BAD_LENGTH) from error
        raise _refused(error.response.status_code) from error
    except httpx2.HTTPError as error:
        raise _Lost(NoConnection(host=httpx2.URL(remote.address).host)) from error
    except _OtherLength as error:
        raise _damaged(job, _BAD_LENGTH) from error
    job.heed()


class _OtherLength(Exception):
    """Raised when the store has a file of another length than the hub says."""


def _bytes_from(remote: _Remote, have: int) -> Iterator[int | bytes]:
    """In a thread: where the answer begins, then its bytes."""
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"}
    # The hub's own credentials never go along to wherever it sends us.
    with (
        httpx2.Client(follow_redirects=True, timeout=TIMEOUT_SECONDS) as client,
        client.stream("GET", remote.address, headers=headers) as response,
    ):
        response.raise_for_status()
        first, length = 0, response.headers.get("Content-Length", "")
        told_length = whole_number(length)
        total = remote.size if told_length is None else told_length
        if response.status_code == 206:
            told = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
            first, total = (int(told[1]), int(told[2])) if told else (have, remote.size)
        if total != remote.size or first > have:
            raise _OtherLength
        yield first  # 0 where the server knows no ranges and sends all of it again
        yield from response.iter_raw()  # as it comes: filling a chunk looks like a stall


def _wait(job: _Job, seconds: float) -> Iterator[Progress]:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not job.control.pause_requested:
        job.heed()
        yield job.progress(job.have)
        time.sleep(min(TELL_SECONDS, seconds))


def _has_sum(job: _Job, path: Path, remote: _Remote) -> Generator[Progress, None, bool]:
    """Yield how far the reading is; return whether the sum is the hub's."""
    digest, done, told = hashlib.sha256(), 0, time.monotonic()
    with opened(path) as file:
        while chunk := file.read(CHUNK):
            yield from job.hold(done, is_checking=True)
            digest.update(chunk)
            done += len(chunk)
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                yield job.progress(done, is_checking=True)
    return digest.hexdigest() == remote.sha256


def _damaged(job: _Job, reason: Phrase) -> DownloadDamaged:
    _remove(job.part, job.notes)
    return DownloadDamaged(name=job.offer.file, reason=reason)


def _sync(path: Path) -> None:
    """Before the rename, so that a power cut leaves no hollow file under the final name."""
    with storage.open_own(path) as file:
        storage.sync(file, path.parent)


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(OutputNotWritable):
            storage.remove_file(path)

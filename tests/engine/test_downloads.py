"""Models fetched from a hub on this computer that cuts, stalls, lies and redirects."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import huggingface_hub.constants
import pytest

from engine import downloads
from engine.control import Control
from engine.downloads import (
    DownloadDamaged,
    NoConnection,
    OfferGone,
    OfferLocked,
    Progress,
    ServerRefused,
    download,
)
from engine.errors import DiskFull
from engine.model_offers import (
    ADDRESSES,
    Offer,
    OffersUnreadable,
    hub_address,
    load_offers,
)
from engine.models.catalog import SD1, SDXL
from tests.broken_server import Behaviour, serving

DATA = bytes(range(256)) * 4096  # 1 MiB
OFFER = Offer(
    name="A model", hub_id="someone/model", file="model.safetensors", family="sd1",
    licence="some", licence_page="https://example.org", about_bytes=len(DATA),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _online_and_quick(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(downloads, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(downloads, "TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr(downloads, "TELL_SECONDS", 0.01)
    monkeypatch.setattr(downloads, "CHUNK", 32 * 1024)


def fetched(folder: Path, address: str, control: Control | None = None) -> tuple[list, Path | None]:
    told: list[Progress] = []
    events = download(OFFER, folder, control or Control(), address)
    while True:
        try:
            told.append(next(events))
        except StopIteration as end:
            return told, end.value


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_nothing_else_is_left(tmp_path):
    with serving(Behaviour(DATA)) as address:
        _, path = fetched(tmp_path, address)
    assert path == tmp_path / "model.safetensors"
    assert path.read_bytes() == DATA
    assert left(tmp_path) == ["model.safetensors"]


def test_a_file_that_is_there_is_not_fetched_again(tmp_path):
    server = Behaviour(DATA)
    with serving(server) as address:
        fetched(tmp_path, address)
        fetched(tmp_path, address)
    assert len(server.sent) == 1


def test_a_connection_that_is_cut_goes_on_where_it_was(tmp_path):
    server = Behaviour(DATA, cut_after=300_000, cuts=2)
    with serving(server) as address:
        _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA
    starts = [first for first, _ in server.sent]
    assert starts[0] == 0
    assert len(starts) == 3
    assert 0 < starts[1] < starts[2]


def test_a_server_that_stalls_is_asked_again(tmp_path):
    server = Behaviour(DATA, stall_after=200_000, stalls=1, stall_seconds=3)
    with serving(server) as address:
        _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA
    assert len(server.headers) == 2


def test_a_server_without_ranges_sends_all_again(tmp_path):
    server = Behaviour(DATA, cut_after=300_000, cuts=1, knows_ranges=False)
    with serving(server) as address:
        _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA


def test_a_connection_that_brings_nothing_is_given_up_and_what_arrived_is_kept(tmp_path):
    server = Behaviour(DATA, cut_after=300_000, cuts=1, status_after_cut=503)
    with serving(server) as address, pytest.raises(NoConnection, match=r"127\.0\.0\.1"):
        fetched(tmp_path, address)
    part = tmp_path / "model.safetensors.part"
    assert 0 < part.stat().st_size < len(DATA)
    have = part.stat().st_size
    again = Behaviour(DATA)
    with serving(again) as address:
        _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA
    assert again.sent == [(have, len(DATA) - have)]


def test_a_file_that_changed_meanwhile_is_not_glued_to_the_old_half(tmp_path):
    server = Behaviour(DATA, cut_after=300_000, cuts=1, status_after_cut=503)
    with serving(server) as address, pytest.raises(NoConnection):
        fetched(tmp_path, address)
    other = bytes(reversed(DATA))
    server = Behaviour(other)
    with serving(server) as address:
        _, path = fetched(tmp_path, address)
    assert server.sent[0][0] == 0
    assert path.read_bytes() == other


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(DATA, wrong_bytes=True),
        Behaviour(DATA, etag="0" * 64),
        Behaviour(DATA, size=len(DATA) - 1000),  # it says less than it has
    ],
    ids=["bytes", "sum", "length"],
)
def test_what_is_not_the_file_is_removed_and_told(tmp_path, behaviour):
    with serving(behaviour) as address, pytest.raises(DownloadDamaged, match="arrived damaged"):
        fetched(tmp_path, address)
    assert left(tmp_path) == []


def test_a_length_that_never_comes_ends_in_a_sentence(tmp_path):
    server = Behaviour(DATA, size=len(DATA) + 1000)
    with serving(server) as address, pytest.raises((NoConnection, ServerRefused)):
        fetched(tmp_path, address)
    assert not (tmp_path / "model.safetensors").exists()


def test_the_file_may_lie_on_another_server_which_gets_no_credentials(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    store = Behaviour(DATA)
    with serving(store) as elsewhere, serving(Behaviour(DATA, redirect_to=elsewhere)) as address:
        _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA
    assert "secret" not in json.dumps(store.headers)


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(status=404, error_code="EntryNotFound"), OfferGone),
        (Behaviour(status=401, error_code="RepoNotFound"), OfferGone),
        (Behaviour(status=403, error_code="GatedRepo"), OfferLocked),
        (Behaviour(status=500), ServerRefused),
        (Behaviour(status=429), ServerRefused),
        (Behaviour(DATA, file_status=403), ServerRefused),
        (Behaviour(DATA, file_status=404), ServerRefused),
    ],
)
def test_what_a_server_refuses_is_a_sentence(tmp_path, behaviour, error):
    with serving(behaviour) as address, pytest.raises(error):
        fetched(tmp_path, address)


def test_an_offer_that_is_gone_says_to_add_a_file(tmp_path):
    with serving(Behaviour(status=404, error_code="EntryNotFound")) as address:
        with pytest.raises(OfferGone, match="Add a file"):
            fetched(tmp_path, address)


def test_without_a_network_one_sentence_tells_it(tmp_path):
    with pytest.raises(NoConnection, match="mirror"):
        fetched(tmp_path, "http://127.0.0.1:9")


def test_a_disk_that_is_too_small_is_told_before_a_byte_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads.storage, "free_bytes", lambda folder: 1000)
    server = Behaviour(DATA)
    with serving(server) as address, pytest.raises(DiskFull):
        fetched(tmp_path, address)
    assert server.sent == []


def test_stop_keeps_what_arrived(tmp_path):
    control = Control()
    server = Behaviour(DATA, slow_seconds=0.02)
    with serving(server) as address:
        events = download(OFFER, tmp_path, control, address)
        next(events)
        control.stop()
        list(events)
    assert (tmp_path / "model.safetensors.part").stat().st_size > 0
    assert not (tmp_path / "model.safetensors").exists()


def test_pause_holds_and_goes_on(tmp_path):
    control = Control()
    server = Behaviour(DATA, slow_seconds=0.005)
    paused = 0
    with serving(server) as address:
        for told in download(OFFER, tmp_path, control, address):
            if told.done_bytes > 100_000 and not paused:
                control.pause()
            if told.is_paused:
                paused += 1
                if paused == 5:
                    held = told.done_bytes
                    control.resume()
    assert paused == 5
    assert held < len(DATA)
    assert (tmp_path / "model.safetensors").read_bytes() == DATA


def test_a_download_that_is_killed_goes_on_at_the_next_start(tmp_path):
    server = Behaviour(DATA, slow_seconds=0.02)
    code = (
        "import huggingface_hub.constants as c; c.HF_HUB_OFFLINE = False\n"
        "from pathlib import Path\n"
        "from engine.control import Control\n"
        "from engine import downloads\n"
        "downloads.CHUNK = 32 * 1024\n"
        "from engine.downloads import download\n"
        "from tests.engine.test_downloads import OFFER\n"
        "import sys\n"
        "list(download(OFFER, Path(sys.argv[1]), Control(), sys.argv[2]))\n"
    )
    part = tmp_path / "model.safetensors.part"
    with serving(server) as address:
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), address])
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size > 0):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        server.slow_seconds = 0
        _, path = fetched(tmp_path, address)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == hashlib.sha256(DATA).hexdigest()
    assert server.headers[-1]["Range"] not in ("bytes=0-", server.headers[0]["Range"])


def test_the_list_of_models_names_families_that_are_known():
    offers = load_offers()
    assert {offer.family for offer in offers} == {SD1.name, SDXL.name}
    for offer in offers:
        assert offer.file.endswith(".safetensors")
        assert offer.licence_page.startswith(ADDRESSES["model hub"])
        assert offer.about_bytes > 10**9


@pytest.mark.parametrize("text", ["", "[]", '{"models": [{"name": "x"}]}'])
def test_a_damaged_list_is_told(tmp_path, text):
    path = tmp_path / "models.json"
    path.write_text(text)
    with pytest.raises(OffersUnreadable):
        load_offers(path)


def test_a_mirror_goes_before_the_variable_and_that_before_the_hub(monkeypatch):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert hub_address() == ADDRESSES["model hub"]
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert hub_address() == "https://mirror.example"
    assert hub_address("https://own.example") == "https://own.example"

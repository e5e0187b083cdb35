"""Models fetched from a hub on this computer that cuts, stalls, lies and redirects."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import huggingface_hub.constants
import pytest

from engine import downloads
from engine.control import Control
from engine.download_errors import (
    DownloadDamaged,
    NoConnection,
    NotAHub,
    NotTrusted,
    OfferGone,
    OfferLocked,
    OfferRefused,
    ServerRefused,
    TooManyRequests,
)
from engine.downloads import Progress, download
from engine.errors import DiskFull
from engine.model_offers import (
    ADDRESSES,
    Offer,
    OffersUnreadable,
    hub_address,
    load_offers,
    without_secret,
)
from engine.models.catalog import SD1, SDXL
from tests.broken_server import Behaviour, serving
from tests.timing import PATIENCE, wait_for

DATA = bytes(range(256)) * 4096  # 1 MiB
OFFER = Offer(
    name="A model", hub_id="someone/model", file="model.safetensors", family="sd1",
    licence="some", licence_page="https://example.org", about_bytes=len(DATA),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _online_and_quick(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(downloads, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(downloads, "TIMEOUT_SECONDS", float(PATIENCE))
    monkeypatch.setattr(downloads, "TELL_SECONDS", 0.01)
    monkeypatch.setattr(downloads, "CHUNK", 1 << 20)


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


def test_a_server_that_stalls_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT_SECONDS", 1.0)
    server = Behaviour(DATA, stall_after=200_000, stalls=1, stall_seconds=PATIENCE)
    with serving(server) as address:
        _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA
    assert len(server.headers) > 1


def test_a_server_without_ranges_sends_all_again(tmp_path):
    server = Behaviour(DATA, cut_after=300_000, cuts=1, knows_ranges=False)
    with serving(server) as address:
        _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA


def test_a_connection_that_brings_nothing_is_given_up_and_what_arrived_is_kept(tmp_path):
    server = Behaviour(DATA, cut_after=300_000, cuts=1, status_after_cut=503)
    with serving(server) as address, pytest.raises(ServerRefused, match="503"):
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
    with serving(server) as address, pytest.raises(ServerRefused):
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


@pytest.mark.parametrize("cut_after", [0, 300_000])
def test_a_length_that_never_comes_is_told_and_not_tried_for_ever(tmp_path, cut_after):
    server = Behaviour(DATA, size=len(DATA) + 1000, cut_after=cut_after, cuts=1)
    with serving(server) as address, pytest.raises(DownloadDamaged, match="its length"):
        fetched(tmp_path, address)
    assert left(tmp_path) == []


def test_the_file_may_lie_on_another_server_which_gets_no_credentials(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    store = Behaviour(DATA)
    with serving(store) as elsewhere:
        hub = Behaviour(DATA, redirect_to=elsewhere)
        with serving(hub) as address:
            _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA
    assert len(hub.questions) == len(store.headers) == 1
    assert "secret" not in json.dumps([*hub.questions, *store.headers])


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(status=404, error_code="EntryNotFound"), OfferGone),
        (Behaviour(status=401, error_code="RepoNotFound"), OfferGone),
        (Behaviour(status=403, error_code="GatedRepo"), OfferLocked),
        (Behaviour(status=404), OfferGone),
        (Behaviour(status=410), OfferGone),
        (Behaviour(status=401), OfferRefused),
        (Behaviour(status=403), OfferRefused),
        (Behaviour(status=500), ServerRefused),
        (Behaviour(status=503), ServerRefused),
        (Behaviour(status=429), TooManyRequests),
        (Behaviour(DATA, file_status=429), TooManyRequests),
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


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate")
def test_a_server_that_nobody_vouches_for_gets_no_question(tmp_path):
    pem = tmp_path / "nobody.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", pem, "-out", tmp_path / "certificate.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    pem.write_bytes(pem.read_bytes() + (tmp_path / "certificate.pem").read_bytes())
    server = Behaviour(DATA)
    with serving(server, pem) as address, pytest.raises(NotTrusted, match="Nobody vouches"):
        fetched(tmp_path / "models", address)
    assert server.asked == 0
    assert not list((tmp_path / "models").glob("*.safetensors"))


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("https://me:secret@mirror.example/hub", "https://mirror.example/hub"),
        (" https://mirror.example/?token=hf_secret#x ", "https://mirror.example/"),
        ("https://mirror.example:8080", "https://mirror.example:8080"),
        ("http://me:secret@[?token=x", "["),
        ("", ""),
    ],
)
def test_a_secret_that_was_pasted_with_an_address_is_neither_kept_nor_sent(pasted, kept):
    assert without_secret(pasted) == kept


def test_a_disk_that_is_too_small_is_told_before_a_byte_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads.storage, "free_bytes", lambda folder: 1000)
    server = Behaviour(DATA)
    with serving(server) as address, pytest.raises(DiskFull, match="what has arrived is kept"):
        fetched(tmp_path, address)
    assert server.sent == []


def test_stop_keeps_what_arrived(tmp_path):
    control = Control()
    server = Behaviour(DATA, slow_seconds=0.02)
    with serving(server) as address:
        events = download(OFFER, tmp_path, control, address)
        while next(events).done_bytes == 0:
            pass
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
        "from engine.downloads import download\n"
        "from tests.engine.test_downloads import OFFER\n"
        "import sys\n"
        "list(download(OFFER, Path(sys.argv[1]), Control(), sys.argv[2]))\n"
    )
    part = tmp_path / "model.safetensors.part"
    with serving(server) as address:
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), address])
        wait_for(lambda: part.exists() and part.stat().st_size > 0, "the first bytes")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        server.slow_seconds = 0
        _, path = fetched(tmp_path, address)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == hashlib.sha256(DATA).hexdigest()
    assert server.headers[-1]["Range"] not in ("bytes=0-", server.headers[0]["Range"])


def test_nothing_is_asked_before_the_first_step(tmp_path):
    server = Behaviour(DATA)
    with serving(server) as address:
        events = download(OFFER, tmp_path / "new", Control(), address)
        assert server.asked == 0
        assert left(tmp_path) == []
        list(events)
    assert server.asked == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(b"<html>sign in</html>", etag="5f2a", is_hub=False),
        Behaviour(b"<html>sign in</html>", is_hub=False),
        Behaviour(DATA, etag="5f2a"),
        Behaviour(DATA, etag=" ", is_hub=False, redirect_to="http://portal.invalid"),
    ],
    ids=["page", "no commit", "no sum", "led away"],
)
def test_a_page_of_the_network_is_not_taken_for_a_model(tmp_path, behaviour):
    with serving(behaviour) as address, pytest.raises(NotAHub, match="sign in"):
        fetched(tmp_path, address)
    assert behaviour.sent == []
    assert left(tmp_path) == []


@pytest.mark.parametrize("mirror", ["mirror.example", "127.0.0.1:9", "http://", "http://a:b:c"])
def test_a_mirror_that_is_no_address_is_told_by_its_name(tmp_path, mirror):
    with pytest.raises(NotAHub, match="https://") as told:
        fetched(tmp_path, mirror)
    assert told.value.facts["address"] == mirror.rstrip("/")


def test_an_address_that_expires_is_asked_for_anew(tmp_path):
    store = Behaviour(DATA, cut_after=300_000, cuts=2, spends_addresses=True)
    with serving(store) as elsewhere:
        hub = Behaviour(DATA, redirect_to=elsewhere)
        with serving(hub) as address:
            _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA
    assert hub.asked == 3
    assert len(store.sent) == 3
    assert store.sent[-1][0] + store.sent[-1][1] == len(DATA)


def test_a_file_that_changes_between_two_tries_begins_anew(tmp_path):
    server = Behaviour(DATA, cut_after=300_000, cuts=1, slow_seconds=0.01)
    other = bytes(reversed(DATA))
    with serving(server) as address:
        events = download(OFFER, tmp_path, Control(), address)
        while next(events).done_bytes == 0:
            pass
        server.data = other
        list(events)
    assert (tmp_path / "model.safetensors").read_bytes() == other
    assert [first for first, _ in server.sent] == [0, 0]


def test_a_question_that_is_answered_with_an_error_is_asked_again(tmp_path):
    server = Behaviour(DATA, status=503, refusals=2)
    with serving(server) as address:
        _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA
    assert server.asked == 3


def test_an_answer_that_begins_too_early_is_put_where_it_belongs(tmp_path):
    server = Behaviour(DATA, cut_after=300_000, cuts=1, starts_earlier=1000)
    with serving(server) as address:
        _, path = fetched(tmp_path, address)
    assert path.read_bytes() == DATA
    assert len(server.sent) == 2


def test_a_slow_line_is_seen_to_move(tmp_path):
    data = DATA[:300_000]  # the server sends 16 KiB at a time
    with serving(Behaviour(data, slow_seconds=0.2)) as address:
        told, _ = fetched(tmp_path, address)
    assert any(0 < progress.done_bytes < len(data) for progress in told)


def test_a_part_that_is_cleared_away_meanwhile_is_fetched_again(tmp_path):
    server = Behaviour(DATA, cut_after=300_000, cuts=1, slow_seconds=0.01)
    with serving(server) as address:
        events = download(OFFER, tmp_path, Control(), address)
        while next(events).done_bytes == 0:
            pass
        (tmp_path / "model.safetensors.part").unlink()
        list(events)
    assert (tmp_path / "model.safetensors").read_bytes() == DATA


@pytest.mark.parametrize("wish", ["stop", "pause"])
def test_a_stalled_connection_does_not_hold_up_a_wish(tmp_path, monkeypatch, wish):
    monkeypatch.setattr(downloads, "TIMEOUT_SECONDS", 2.0 * PATIENCE)
    control = Control()
    server = Behaviour(DATA, stall_after=200_000, stalls=1, stall_seconds=2.0 * PATIENCE)
    with serving(server) as address:
        events = download(OFFER, tmp_path, control, address)
        begun = next(event for event in events if event.done_bytes > 0)
        assert begun.done_bytes < len(DATA)
        getattr(control, wish)()
        if wish == "pause":
            while not next(events).is_paused:
                pass
            control.resume()
        list(events)  # else this waits longer than a test may
    whole = wish == "pause"  # a new connection, which does not stall
    assert (tmp_path / "model.safetensors").exists() == whole
    assert (tmp_path / "model.safetensors.part").exists() != whole


def test_stop_is_heard_while_the_sum_is_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "TELL_SECONDS", 0.0)
    data, control = DATA * 8, Control()
    (tmp_path / "model.safetensors.part").write_bytes(data)
    notes = {"etag": hashlib.sha256(data).hexdigest(), "size": len(data)}
    (tmp_path / "model.safetensors.part.json").write_text(json.dumps(notes))
    with serving(server := Behaviour(data)) as address:
        events = download(OFFER, tmp_path, control, address)
        control.pause()
        assert next(events).is_paused
        control.resume()
        while not (told := next(events)).is_checking:
            pass
        assert 0 < told.done_bytes < len(data)
        control.stop()
        assert list(events) == []
        assert left(tmp_path) == ["model.safetensors.part", "model.safetensors.part.json"]
        _, path = fetched(tmp_path, address)
    assert path.read_bytes() == data
    assert server.sent == []  # all of it was there


def test_a_proxy_of_the_environment_is_used(tmp_path, monkeypatch):
    server = Behaviour(DATA)
    with serving(server) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("http_proxy", proxy)
        huggingface_hub.close_session()  # it keeps a client with the environment of before
        _, path = fetched(tmp_path, "http://hub.invalid")
    huggingface_hub.close_session()
    assert path.read_bytes() == DATA
    assert (server.asked, len(server.sent)) == (1, 1)


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

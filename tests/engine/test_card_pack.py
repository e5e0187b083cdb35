"""The PyTorch for NVIDIA cards beside the installed program: fetched, tried, found first."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from engine import card_fetch, card_pack, storage, watched
from engine.card_fetch import CardPackUnfit, fetch, trial
from engine.card_pack import PACKAGES, STAMP, TRIAL, PackTable, activate, load_table
from engine.control import Control
from engine.download_errors import DownloadDamaged, NoRoomForModel
from engine.downloads import Progress
from engine.errors import DiskFull, UserError
from tests.timing import PATIENCE
from tests.wheel_shop import TORCH, Handler, make_wheel, serving, table_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shop(tmp_path) -> Iterator[tuple[PackTable, Path]]:
    """A table of two wheels, and the folder from which a server gives them."""
    storage.own_folder(tmp_path, "run")  # as the folder of the program's data is
    folder = tmp_path / "shop"
    folder.mkdir()
    wheels = [
        make_wheel(folder / "torch.whl", {"torch/__init__.py": "cuda = True\n"}),
        make_wheel(folder / "nvidia.whl", {"nvidia/cublas/lib/libcublas.so": "x" * 300_000}),
    ]
    with serving(folder) as address:
        yield table_of(wheels, address), folder


def fetched(table: PackTable, folder: Path, control=None, whats_wrong=lambda packages, control: ""):
    """The progress, and what came of it."""
    storage.own_folder(folder.parent, "run", adopt=True)  # as the program's own folder is
    told: list[Progress] = []
    events = fetch(table, folder, control or Control(), whats_wrong)
    while True:
        try:
            told.append(next(events))
        except StopIteration as end:
            return told, end.value


def test_the_files_arrive_are_unpacked_and_python_finds_them_first(shop, tmp_path):
    table, _ = shop
    told, packages = fetched(table, tmp_path / "pack")
    assert packages == tmp_path / "pack" / PACKAGES
    assert [path.name for path in (tmp_path / "pack").iterdir()] == [PACKAGES]
    assert (packages / "torch/bin/tool").stat().st_mode & 0o100
    assert told[-1].done_bytes == told[-1].total_bytes
    fetching = [event.done_bytes for event in told if event.total_bytes == table.about_bytes]
    assert fetching == sorted(fetching)
    code = (
        "import sys, json; from pathlib import Path; from engine import card_pack;"
        "table = card_pack.PackTable(*json.loads(sys.argv[1]), ());"
        "assert card_pack.activate(table, Path(sys.argv[2]));"
        "import torch; assert torch.cuda is True"
    )
    arguments = [json.dumps([TORCH, "cp311", 580, (7, 5)]), str(tmp_path / "pack")]
    subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, check=True)


def test_a_stop_keeps_what_has_arrived_and_the_next_time_goes_on_from_there(shop, tmp_path):
    table, _ = shop
    control = Control()
    events = fetch(table, tmp_path / "pack", control, lambda packages, control: "")
    for event in events:
        if event.done_bytes >= int(table.files[0]["about_bytes"]):
            control.stop()
    assert not (tmp_path / "pack" / PACKAGES).exists()
    assert (tmp_path / "pack/arrived/torch.whl").exists()
    Handler.asked.clear()
    assert fetched(table, tmp_path / "pack")[1] is not None
    assert "/torch.whl" not in Handler.asked


def test_a_stop_while_it_is_unpacked_leaves_nothing_half_unpacked(shop, tmp_path):
    table, _ = shop
    control = Control()
    for event in fetch(table, tmp_path / "pack", control, lambda packages, control: ""):
        if event.total_bytes != table.about_bytes:
            control.stop()
    assert [path.name for path in (tmp_path / "pack").iterdir()] == ["arrived"]


def test_a_file_that_is_not_the_one_that_was_meant_is_refused(shop, tmp_path):
    table, folder = shop
    data = bytearray((folder / "nvidia.whl").read_bytes())
    data[40] ^= 1
    (folder / "nvidia.whl").write_bytes(data)
    with pytest.raises(DownloadDamaged):
        fetched(table, tmp_path / "pack")
    assert not (tmp_path / "pack" / PACKAGES).exists()


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py", "..\\outside.py", "C:/outside"])
def test_a_wheel_cannot_write_outside_of_its_folder(tmp_path, name):
    shop = tmp_path / "shop"
    shop.mkdir()
    wheel = make_wheel(shop / "torch.whl", {name: "x"})
    with serving(shop) as address, pytest.raises(CardPackUnfit, match="outside of its folder"):
        fetched(table_of([wheel], address), tmp_path / "pack")
    assert list(tmp_path.rglob("outside*")) == []
    assert not (tmp_path / "pack" / PACKAGES).exists()


def test_what_does_not_work_here_is_not_taken(shop, tmp_path):
    table, _ = shop
    with pytest.raises(CardPackUnfit, match="the driver is too old"):
        fetched(
            table, tmp_path / "pack", whats_wrong=lambda packages, control: "the driver is too old"
        )
    assert [path.name for path in (tmp_path / "pack").iterdir()] == ["arrived"]


def test_a_disk_without_room_for_all_of_it_is_told_before_anything_is_fetched(
    shop, tmp_path, monkeypatch
):
    table, _ = shop
    enough = card_fetch.MARGIN_BYTES + (1 + card_fetch.UNPACKED) * table.about_bytes
    monkeypatch.setattr(card_fetch.storage, "free_bytes", lambda folder: enough - 1)
    with pytest.raises(NoRoomForModel):
        fetched(table, tmp_path / "pack")
    assert Handler.asked == []
    monkeypatch.setattr(card_fetch.storage, "free_bytes", lambda folder: enough)
    assert fetched(table, tmp_path / "pack")[1] is not None


def test_a_disk_that_is_full_while_it_is_unpacked_keeps_nothing_half_unpacked(
    shop, tmp_path, monkeypatch
):
    def write(*_):
        raise OSError(errno.ENOSPC, "full")
        yield

    monkeypatch.setattr(card_fetch, "_write", write)
    with pytest.raises(DiskFull):
        fetched(shop[0], tmp_path / "pack")
    assert [path.name for path in (tmp_path / "pack").iterdir()] == ["arrived"]


def test_what_an_earlier_version_had_begun_to_fetch_is_removed(shop, tmp_path):
    table, folder = shop
    arrived = tmp_path / "pack/arrived"
    arrived.mkdir(parents=True)
    for name in ("torch-2.12.whl", "nvidia-old.whl.part"):
        (arrived / name).write_bytes(b"x" * 1000)
    (folder / "nvidia.whl").unlink()  # so that what arrived stays
    with pytest.raises(UserError):
        fetched(table, tmp_path / "pack")
    assert {path.name.partition(".")[0] for path in arrived.iterdir()} == {"torch", "nvidia"}
    assert (arrived / "torch.whl").stat().st_size == table.files[0]["about_bytes"]


@pytest.mark.parametrize(
    ("capability", "suits"), [((6, 1), False), ((7, 5), True), ((12, 0), True), ((0, 0), True)]
)
def test_a_card_that_this_pytorch_is_not_made_for_is_not_offered_it(capability, suits):
    assert PackTable(TORCH, "cp311", 580, (7, 5), ()).suits_card(capability) is suits


@pytest.mark.parametrize(
    ("line", "code", "wrong"),
    [
        ({"event": "Examined", "what": "A training", "found": "5 steps in 2.0 s"}, 0, ""),
        ({"event": "Examined", "what": "Graphics card", "found": {"summary": "no"}}, 0, "no"),
        ({"event": "RunFailed"}, 1, "broken"),
        ({"event": "torn"}, 3, "broken"),
    ],
)
def test_the_trial_is_the_doctors(monkeypatch, tmp_path, line, code, wrong):
    """The doctor itself, with the real torch, is in test_doctor.py."""
    script = (
        f"import os, sys; print({json.dumps(line)!r}); sys.stderr.write('broken');"
        f"sys.exit({code} if os.environ[{TRIAL!r}] == {str(tmp_path)!r} else 9)"
    )
    monkeypatch.setattr(card_fetch, "own_command", lambda: [sys.executable, "-c", script])
    assert trial(tmp_path, Control()) == wrong


def test_a_stop_ends_the_trial_and_its_program(monkeypatch, shop, tmp_path):
    alive = tmp_path / "alive"
    script = f"import time; open({str(alive)!r}, 'w').close(); time.sleep({2 * PATIENCE})"
    monkeypatch.setattr(card_fetch, "own_command", lambda: [sys.executable, "-c", script])
    table, _ = shop
    control = Control()
    Thread(target=lambda: (wait_for(alive), control.stop()), daemon=True).start()
    assert fetched(table, tmp_path / "pack", control, None)[1] is None
    assert [path.name for path in (tmp_path / "pack").iterdir()] == ["arrived"]


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.05)


def test_a_trial_that_does_not_end_is_ended(monkeypatch, tmp_path):
    script = "import time; time.sleep(300)"
    monkeypatch.setattr(card_fetch, "own_command", lambda: [sys.executable, "-c", script])
    monkeypatch.setattr(card_fetch, "TRIAL_SECONDS", 0.5)
    assert "does not end" in trial(tmp_path, Control())


def test_a_new_start_of_an_appimage_is_one_of_its_file(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("APPIMAGE", "/home/anna/Imprint.AppImage")
    assert watched.window_command() == ["/home/anna/Imprint.AppImage"]


@pytest.mark.parametrize(
    ("program", "beside", "command"),
    [
        ("imprint.exe", ["imprint-cli.exe"], ["imprint-cli.exe"]),
        ("imprint", ["imprint-cli"], ["imprint-cli"]),
        ("imprint", [], ["imprint"]),
    ],
)
def test_the_installed_program_talks_through_the_one_with_a_console(
    monkeypatch, tmp_path, program, beside, command
):
    for name in [program, *beside]:
        (tmp_path / name).touch()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / program))
    assert watched.own_command() == [str(tmp_path / name) for name in command]
    assert watched.window_command() == [str(tmp_path / program)]


@pytest.fixture
def own_path(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv(TRIAL, raising=False)


def whole(folder: Path, torch: str = TORCH) -> Path:
    packages = folder / PACKAGES
    packages.mkdir(parents=True)
    (packages / STAMP).write_text(json.dumps({"torch": torch, "python": "cp311"}))
    return packages


def test_only_a_whole_pack_of_this_program_is_used(own_path, tmp_path):
    table = PackTable(TORCH, "cp311", 580, (7, 5), ())
    assert not activate(table, tmp_path / "nothing")
    assert activate(table, whole(tmp_path / "own").parent)
    assert sys.path[0] == str(tmp_path / "own" / PACKAGES)
    older = whole(tmp_path / "older", "2.12.0+cu128")
    assert not activate(table, older.parent)
    assert older.exists()  # a program of that version may run with it just now
    half = whole(tmp_path / "half")
    (half / STAMP).unlink()
    assert not activate(table, half.parent)
    assert sys.path[1] != str(half)


def test_what_is_discarded_is_no_pack_even_where_a_file_of_it_stays(
    own_path, tmp_path, monkeypatch
):
    packages = whole(tmp_path)
    (packages / "torch.dll").write_text("in use")
    storage.own_folder(tmp_path, "run", adopt=True)
    monkeypatch.setattr("engine.storage.remove_own", lambda _: None)
    card_pack.discard(tmp_path)
    assert (packages / "torch.dll").exists()
    assert not activate(PackTable(TORCH, "cp311", 580, (7, 5), ()), tmp_path)
    monkeypatch.undo()
    card_pack.discard(tmp_path)
    assert not packages.exists()
    card_pack.discard(tmp_path)  # nothing is there


def test_a_pack_on_trial_is_used_by_that_program_alone(own_path, monkeypatch, tmp_path):
    table = PackTable(TORCH, "cp311", 580, (7, 5), ())
    tried = tmp_path / "packages.new"
    tried.mkdir()
    monkeypatch.setenv(TRIAL, str(tried))
    assert activate(table, tmp_path / "nothing")
    assert sys.path[0] == str(tried)
    assert tried.exists()


def test_a_program_that_was_built_without_a_table_has_no_pack(own_path, tmp_path):
    assert load_table(tmp_path / "none.json") is None
    (tmp_path / "broken.json").write_text('{"torch": 1')
    assert load_table(tmp_path / "broken.json") is None


def test_a_table_is_read_as_it_was_written(shop, tmp_path):
    table, _ = shop
    written = {
        "torch": table.torch, "python": table.python, "oldest_driver": 580,
        "oldest_capability": [7, 5],
        "files": list(table.files),
    }  # fmt: skip
    (tmp_path / "card_pack.json").write_text(json.dumps(written))
    assert load_table(tmp_path / "card_pack.json") == table


@pytest.mark.parametrize(
    ("driver", "suits"), [("580.65.06", True), ("610.1", True), ("535.154", False), ("?", True)]
)
def test_an_old_driver_is_told_before_gigabytes_are_fetched(driver, suits):
    assert card_pack.PackTable(TORCH, "cp311", 580, (7, 5), ()).suits_driver(driver) is suits

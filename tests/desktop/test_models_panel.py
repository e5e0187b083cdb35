"""The models page, with a hub on this computer."""

from __future__ import annotations

import shutil
import time

import huggingface_hub.constants
import pytest

from desktop.download_desk import Download, DownloadDesk
from desktop.panels.models_panel import ModelsPanel
from desktop.preferences import Preferences
from engine import downloads
from engine.config import STARTER
from engine.control import Control
from engine.model_shelf import Shelf
from tests.broken_server import Behaviour, serving
from tests.engine.test_downloads import OFFER
from tests.engine.test_install import save


@pytest.fixture
def desk(qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(downloads, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(downloads, "TELL_SECONDS", 0.01)
    monkeypatch.setattr(downloads, "CHUNK", 32 * 1024)
    made = DownloadDesk(folder=tmp_path / "fetched")
    yield made
    made.close()


@pytest.fixture
def panel(qtbot, draft, theme, desk, tmp_path):
    made = ModelsPanel(draft, theme, Preferences(), desk, Shelf(tmp_path / "models.json"))
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    qtbot.waitUntil(lambda: len(made.rows) == 1)
    yield made
    made.close_threads()


def test_the_starter_model_stands_first_and_is_in_use(panel):
    assert panel.rows[0].entry.path == STARTER
    assert "comes with Imprint" in panel.rows[0].line.text()
    assert panel.state.text() == "1 model on this computer"


def test_a_model_that_is_added_can_be_chosen_for_the_project(qtbot, panel, tiny_folder):
    panel.add_paths([str(tiny_folder)])
    qtbot.waitUntil(lambda: len(panel.rows) == 2)
    with qtbot.waitSignal(panel.model_chosen) as chosen:
        panel.rows[1]._use()
    assert chosen.args == [str(tiny_folder)]


def test_what_is_no_model_is_told(qtbot, panel, tmp_path):
    panel.add_paths([str(save(tmp_path / "other.safetensors", {"x": (1,)}))])
    qtbot.waitUntil(panel.strip.isVisible)
    assert "Not a model to train on" in panel.strip.text
    assert "other.safetensors" in panel.strip.text


def test_a_scan_says_what_it_found_and_what_it_left_out(qtbot, panel, tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "all/model")
    save(tmp_path / "all/other.safetensors", {"x": (1,)})
    panel.scan_folder(tmp_path / "all")
    qtbot.waitUntil(lambda: "Found 1" in panel.strip.text)
    assert "left out 1" in panel.strip.text
    qtbot.waitUntil(lambda: len(panel.rows) == 2)


def test_a_model_whose_file_is_gone_has_a_badge_and_a_way_to_find_it(
    qtbot, panel, tiny_folder, tmp_path
):
    shutil.copytree(tiny_folder, tmp_path / "model")
    panel.add_paths([str(tmp_path / "model")])
    qtbot.waitUntil(lambda: len(panel.rows) == 2)
    shutil.rmtree(tmp_path / "model")
    panel.reload()
    qtbot.waitUntil(lambda: panel.rows[-1].entry.is_missing)
    assert panel.rows[-1].line.text().startswith("missing")


def test_nothing_is_fetched_before_the_licence_is_agreed_to(panel, desk, monkeypatch):
    opened = []
    monkeypatch.setattr("desktop.outside.QDesktopServices.openUrl", opened.append)
    panel.offers[0].start.click()
    assert desk.downloads == []
    assert len(opened) == 1
    assert "licence" in panel.strip.text


def test_a_model_is_fetched_and_stands_on_the_shelf(qtbot, panel, desk, tiny_folder):
    data = (tiny_folder / "unet/diffusion_pytorch_model.safetensors").read_bytes()
    with serving(Behaviour(data, slow_seconds=0.001)) as address:
        desk.start(OFFER, address)
        qtbot.waitUntil(lambda: desk.downloads[0].is_over)
    assert desk.downloads[0].state == "done"
    qtbot.waitUntil(panel.strip.isVisible)  # a UNet alone is no model: told


def test_a_download_can_be_paused_and_stopped_and_goes_on_later(qtbot, desk, tmp_path):
    data = bytes(1 << 20)
    with serving(Behaviour(data, slow_seconds=0.02)) as address:
        desk.start(OFFER, address)
        known = desk.downloads[0]
        qtbot.waitUntil(lambda: known.done_bytes > 0)
        desk.pause(known)
        qtbot.waitUntil(lambda: known.state == "paused")
        desk.stop(known)
        qtbot.waitUntil(lambda: known.state == "stopped")
        assert list((tmp_path / "fetched").glob("*.part"))
        desk.start(OFFER, address)
        qtbot.waitUntil(lambda: desk.downloads[-1].state == "done")
    assert (tmp_path / "fetched/model.safetensors").stat().st_size == len(data)


def test_a_problem_is_told_in_the_row_with_a_way_on(qtbot, panel, desk):
    row = panel.offers[0]
    desk.start(row.offer, "http://127.0.0.1:9")
    qtbot.waitUntil(lambda: desk.downloads[0].state == "failed")
    assert "No connection" in row.line.text()
    assert row.start.isVisible()
    assert row.start.text() == "Go on"


def test_a_stall_is_shown_as_a_stall(monkeypatch):
    known = Download(OFFER, Control(), total_bytes=1000, state="running")
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for done in (0, 100, 200, 300):
        known.moved_to(done)
        now[0] += 1.0
    assert known.speed > 0
    assert known.seconds_left == pytest.approx(7, abs=1.5)
    now[0] += 3.0
    known.notice_stall()
    assert known.speed == 0
    assert known.seconds_left is None


def test_the_mirror_is_remembered(panel):
    panel.mirror.setText("https://mirror.example")
    panel.mirror.editingFinished.emit()
    assert Preferences().mirror == "https://mirror.example"

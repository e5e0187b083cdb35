"""What a first user does, in a real window with the real starter model, by the clock.

The guide Next, Next, Start; the finished run; a picture in the gallery; and a trained file of the
size of SD 1.5's installed into a made-up AUTOMATIC1111. Pictures of it are kept.

python -m tests.desktop.first_user FOLDER
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWizard

from desktop.collector import Collector
from desktop.dialogs.install_dialog import InstallDialog
from desktop.language import install_language
from desktop.main_window import MainWindow
from desktop.panels.monitor_panel import RunState
from engine.formats.front_ends import A1111
from tests.desktop.first_training import pause, wait_until
from tests.engine.test_install import make_front_end, save
from tests.golden import make_sd15_lora


def first_user(folder: Path) -> dict[str, float]:
    """Returns seconds since the start at each station. Raises where one is not reached."""
    started = time.monotonic()
    reached: dict[str, float] = {}
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    window = MainWindow()

    def station(name: str) -> None:
        reached[name] = round(time.monotonic() - started, 1)
        pause(0.3)
        application.primaryScreen().grabWindow(0).save(str(folder / f"first-user-{name}.png"))

    warm: list[bool] = []
    window.warmed_up.connect(lambda: warm.append(True))
    window.show()
    station("window")
    wait_until(lambda: bool(warm), "the engine to be warm")
    station("warm")
    _through_the_guide(window, station)
    wait_until(lambda: window.monitor.run_state is RunState.TRAINING, "the first step")
    wait_until(lambda: not window.monitor.run_state.is_running, "the end of the run")
    if window.monitor.run_state is not RunState.FINISHED:
        raise AssertionError(window.monitor.strip.text)
    station("finished")
    window.monitor.result.to_gallery.click()
    wait_until(lambda: bool(window.gallery.form.addons.chosen), "the trained file")
    window.gallery.count.setValue(1)
    QTest.mouseClick(window.gallery.generate, Qt.MouseButton.LeftButton)
    wait_until(window.gallery.generate.isEnabled, "the picture")
    station("gallery")
    _install(window, folder)
    station("installed")
    assert window.close()
    return reached


def _through_the_guide(window: MainWindow, station) -> None:
    QTest.mouseClick(window.home.wizard, Qt.MouseButton.LeftButton)
    wizard = window.guide.wizard
    assert wizard is not None
    for page in range(5):
        pause(0.3)
        if page in (0, 1):
            station(f"guide-{page + 1}")
        wizard.button(QWizard.WizardButton.NextButton).click()
    check = wizard.ready.check
    wait_until(lambda: check.estimate is not None and check.check.isVisible(), "the check")
    station("guide-6")
    wizard.button(QWizard.WizardButton.FinishButton).click()


def _install(window: MainWindow, folder: Path) -> None:
    home = Path(tempfile.mkdtemp())
    make_front_end(home / "stable-diffusion-webui", A1111)
    shapes = json.loads(make_sd15_lora.DATA.read_text("utf-8"))
    words = {"modelspec.trigger_phrase": "mycxt cat"}
    path = save(home / "run/exports/my-cat.safetensors", shapes, **words)
    dialog = InstallDialog(path, window.theme, None, home, window)
    dialog.show()
    wait_until(dialog.install.isEnabled, "the front end")
    dialog.install.click()
    wait_until(lambda: dialog.done_with is not None, "the copy")
    pause(0.3)
    dialog.grab().save(str(folder / "first-user-install.png"))
    there = home / "stable-diffusion-webui/models/Lora/my-cat.safetensors"
    assert there.read_bytes() == path.read_bytes()
    dialog.close()


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication([])
    install_language(application, "en")
    collector = Collector(application)  # as the program has it
    reached = first_user(folder)
    del collector
    print(json.dumps(reached))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

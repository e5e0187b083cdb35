"""Each page and dialog in each of its states: nothing cut off, all of it named and in reach."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QTranslator

from desktop.language import install_language
from tests.desktop.audit import backwards, clipped, focusable, outside, tab_order, unnamed
from tests.desktop.pseudo import Pseudo, stretched
from tests.desktop.scenes import SCENES, leave, play, playing

TAKES_LONG = True  # minutes, for few tests: see tests/conftest.py

SMALLEST = (1024, 680)


def speak(qapp, code: str) -> None:
    install_language(qapp, "en" if code == "pseudo" else code)
    if code == "pseudo":
        for known in qapp.findChildren(QTranslator):
            qapp.removeTranslator(known)
        qapp.installTranslator(Pseudo(qapp))


@pytest.mark.parametrize(
    ("code", "percent"), [("en", 100), ("en", 150), ("zh_CN", 100), ("zh_CN", 150), ("pseudo", 100)]
)
def test_no_word_is_cut_off(qapp, qtbot, tmp_path, code, percent):
    speak(qapp, code)
    found = []
    with playing(tmp_path, percent) as stage:
        least = stage.window.minimumSizeHint()
        assert least.height() <= SMALLEST[1]
        for name in SCENES:
            shown = play(stage, name)
            found += [f"{name}: {line}" for line in (*clipped(shown), *outside(shown))]
            leave(stage, shown)
    assert not found, "\n".join(found)


def test_all_fits_on_a_small_screen_and_is_named_and_in_reach_of_the_keyboard(
    qapp, qtbot, tmp_path
):
    """One play for both questions: who does not see, or has no mouse, gets everywhere."""
    found = []
    with playing(tmp_path, 100) as stage:
        stage.window.resize(*SMALLEST)
        for name in SCENES:
            shown = play(stage, name)
            if shown is stage.window:
                assert (shown.width(), shown.height()) == SMALLEST, name
            order = tab_order(shown)
            missed = [repr(widget) for widget in focusable(shown) - set(order)]
            problems = (*clipped(shown), *outside(shown), *unnamed(shown), *missed)
            found += [f"{name}: {line}" for line in (*problems, *backwards(order, shown))]
            leave(stage, shown)
    assert not found, "\n".join(found)


def test_the_pseudo_language_keeps_what_is_filled_in_later():
    text = stretched("%n of {0:.1f} pictures, <b>{name}</b> & more (*.png)")
    for kept in ("%n", "{0:.1f}", "<b>", "{name}", "</b>", "&", "(*.png)"):
        assert kept in text
    assert len(stretched("Take them back")) >= 1.4 * len("Take them back")

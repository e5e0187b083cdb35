"""Labels in sheets and grids speak the window's language where its letters can be drawn."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from engine import drawn_text
from engine.wording import Phrase
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _english_afterwards():
    yield
    drawn_text.speak(None)


def drawn(label: str) -> bytes:
    image = Image.new("RGB", (200, 30), "white")
    drawn_text.draw_label(ImageDraw.Draw(image), (2, 2), label, 14)
    return image.tobytes()


def test_a_phrase_is_drawn_in_the_language_of_the_window():
    english, german = drawn("step 300"), drawn("Schritt 300")
    phrase = Phrase("step {step}", step=300)
    assert drawn(phrase) == english
    drawn_text.speak({"step {step}": "Schritt {step}"}.__getitem__)
    assert drawn(phrase) == german
    drawn_text.speak(None)
    assert drawn(phrase) == english


def test_letters_that_no_font_here_has_leave_the_label_english(monkeypatch):
    monkeypatch.setattr(drawn_text, "CHINESE_FONTS", ())
    drawn_text._chinese.cache_clear()
    drawn_text.speak({"step {step}": "第 {step} 步"}.__getitem__)
    assert drawn(Phrase("step {step}", step=4)) == drawn("step 4")
    drawn_text._chinese.cache_clear()


def test_methods_give_their_reasons_as_phrases():
    """Plain text in a ValueError is shown as it is, in English, whatever the window speaks."""
    plain = []
    for path in (ROOT / "engine/methods").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
                continue
            name = getattr(node.exc.func, "id", "")
            text = node.exc.args[0] if node.exc.args else None
            if name == "ValueError" and isinstance(text, ast.Constant | ast.JoinedStr):
                plain.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    # Method.adopt of the base is never reached: whoever can start from a file has its own.
    assert [place for place in plain if Path(place.split(":")[0]).name != "base.py"] == []

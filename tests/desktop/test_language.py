"""The window in Chinese and in English: every sentence is there, and every sentence fits."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from desktop import language
from desktop.language import LANGUAGES, TRANSLATIONS, install_language
from desktop.main_window import MainWindow
from desktop.panels.dataset_panel import DatasetPanel
from desktop.widgets.rail import PAGES
from desktop.words import duration, engine_text, remedy_of, summary_of
from engine import doctor, errors
from engine.config_file import check
from engine.data.pictures import PictureError, read_file
from engine.dataset_notices import PictureSkipped
from engine.errors import Message, OutputNotWritable
from engine.notices import SamplesNotWritten

ROOT = Path(__file__).parents[2]
PLACES = re.compile(r"%n|\{[^{}]*\}")
HAN = re.compile(r"[\u4e00-\u9fff]")
CODES = list(LANGUAGES)
# Names, units and the user's own words; they stand in every language.
ALLOWED = re.compile(
    r"Imprint|LoRA\+?|LoKr|LoHa|LoCon|DreamBooth|Textual Inversion|Hypernetwork|AUTOMATIC1111|"
    r"ComfyUI|ControlNet|Forge|InvokeAI|SD\.Next|diffusers|CLIP|Huber|Rank|Alpha|Dropout|Beta|"
    r"Stable Diffusion [\w.]+|CreativeML Open RAIL\S*|https:|Min-SNR gamma|[kKGM]iB|sample-cat|"
    r"[\w-]+\.png|a noto emoji of .*|"
    # Names of other models and of text encodings.
    r"AnimateDiff|IP-Adapter|PixArt|Hunyuan\S*|Lumina\S*|Stable Cascade|Flux\S*|Wan\S*|Qwen\S*|"
    r"Z-Image|UTF-\d+\S*"
)


@pytest.fixture
def speak(qapp):
    """Change the language; back to English at the end."""
    yield lambda code: install_language(qapp, code)
    install_language(qapp, "en")


@pytest.fixture
def open_window(qtbot, monkeypatch, speak):
    kept = []  # qtbot only has a weak hold on it

    def build(code: str) -> MainWindow:
        assert speak(code) == code
        monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
        window = MainWindow()
        qtbot.addWidget(window)
        window.resize(1280, 800)
        window.show()
        qtbot.waitUntil(lambda: window.images.num_pictures == 6)
        window.method._advanced.setChecked(True)
        kept.append(window)
        return window

    yield build
    for window in kept:
        assert window.close()


def messages(path: Path) -> dict[tuple[str, str], ElementTree.Element]:
    """Context and source -> translation."""
    return {
        (context.findtext("name", ""), message.findtext("source", "")): message.find("translation")
        for context in ElementTree.parse(path).getroot().iter("context")
        for message in context.iter("message")
    }  # type: ignore[return-value]


def forms(translation: ElementTree.Element) -> list[str]:
    plural = [form.text or "" for form in translation.findall("numerusform")]
    return plural or [translation.text or ""]


def words_on(page: QWidget) -> list[QLabel | QPushButton]:
    found = [*page.findChildren(QLabel), *page.findChildren(QPushButton)]
    return [widget for widget in found if widget.isVisible() and widget.text()]


def leaves(kind: type) -> list[type[Message]]:
    below = kind.__subclasses__()
    return [leaf for child in below for leaf in leaves(child)] or [kind]


@pytest.mark.parametrize("name", ["imprint_zh_CN", "imprint_en"])
def test_every_sentence_in_the_source_is_translated(tmp_path, name):
    """`make translations`, then translate what is new in the .ts file, and run it again."""
    shutil.copytree(TRANSLATIONS, tmp_path, dirs_exist_ok=True)
    script = [sys.executable, str(ROOT / "packaging/translations.py"), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    fresh, kept = (messages(folder / f"{name}.ts") for folder in (tmp_path, TRANSLATIONS))
    assert [key for key, text in fresh.items() if text.get("type") == "unfinished"] == []
    assert fresh.keys() == kept.keys()
    assert (tmp_path / f"{name}.qm").read_bytes() == (TRANSLATIONS / f"{name}.qm").read_bytes()


@pytest.mark.parametrize("name", ["imprint_zh_CN", "imprint_en"])
def test_a_translation_names_the_same_facts_as_its_source(name):
    for (context, source), translation in messages(TRANSLATIONS / f"{name}.ts").items():
        for form in forms(translation):
            assert form, (context, source)
            assert sorted(PLACES.findall(form)) == sorted(PLACES.findall(source)), source


def test_every_translation_is_chinese_unless_it_is_a_name():
    for (_, source), translation in messages(TRANSLATIONS / "imprint_zh_CN.ts").items():
        left = PLACES.sub("", ALLOWED.sub("", source))
        needed = re.search(r"[A-Za-z]{2}", left) and source != "a {name}"
        assert not needed or HAN.search(forms(translation)[0]), source


def test_every_error_and_notice_is_said_in_chinese(speak):
    speak("zh_CN")
    assert doctor.LibraryMissing in leaves(errors.UserError)
    for kind in leaves(Message):
        assert kind.code != Message.code, kind
        for text in (kind.summary, kind.remedy):
            # A sentence of places alone, such as "{name}: {reason}", has nothing to translate.
            assert engine_text(text) != text or not PLACES.sub("", text).strip(" :."), text


def test_a_reason_inside_a_sentence_is_translated_too(speak, tmp_path):
    speak("zh_CN")
    (tmp_path / "a.png").touch()
    with pytest.raises(PictureError) as caught:
        read_file(tmp_path / "a.png")
    notice = PictureSkipped(name="a.png", reason=caught.value.reason)
    assert summary_of(notice) == "已跳过 a.png：文件是空的（0 字节），可能复制时中断了。"
    assert "The file is empty" in notice.sentence
    nested = SamplesNotWritten(reason=OutputNotWritable(folder="out", reason="x").sentence)
    assert summary_of(nested) == "无法写入采样图：无法写入 out：x。"
    assert remedy_of(nested) == "训练照常进行。"


def test_what_is_wrong_with_a_setting_is_said_in_chinese(qtbot, open_window):
    window = open_window("zh_CN")
    window.draft.set("training.steps", 0)
    window.monitor.start.click()
    assert window.monitor.strip.text == "“步数”的值是 0，应当不小于 1。"
    assert window.method.form._problems["training.steps"].text() == window.monitor.strip.text
    config, problems = check({"training": {"step": 5}})
    assert config is None
    assert "Did you mean training.steps?" in " ".join(problem.sentence for problem in problems)


def test_the_pages_are_in_chinese_and_nothing_is_left_in_english(open_window):
    window = open_window("zh_CN")
    for name in PAGES:
        window.show_page(name)
        title = window.home._hero if name == "home" else window.pages[name].title
        assert HAN.search(title.text()), name
        for widget in words_on(window):
            left = ALLOWED.sub("", widget.text())
            assert not re.search(r"[A-Za-z]{2}", left), (name, widget.text())
    assert window.rail.buttons["gallery"].text() == "图库"


@pytest.mark.parametrize("code", CODES)
def test_every_word_fits_where_it_stands(open_window, code):
    window = open_window(code)
    for name in PAGES:
        window.show_page(name)
        QCoreApplication.processEvents()
        for widget in words_on(window):
            if isinstance(widget, QLabel) and widget.wordWrap():
                continue
            assert widget.sizeHint().width() <= widget.width() + 2, (name, widget.text())


@pytest.mark.parametrize(
    ("code", "count", "said"),
    [("en", 0, "0 pictures"), ("en", 1, "1 picture"), ("en", 6, "6 pictures"),
     ("zh_CN", 1, "1 张图片"), ("zh_CN", 6, "6 张图片")],
)  # fmt: skip
def test_plurals_are_right(speak, code, count, said):
    speak(code)
    context = DatasetPanel.__name__
    assert QCoreApplication.translate(context, "%n picture(s)", "", count) == said


def test_a_duration_has_its_units(speak):
    speak("zh_CN")
    assert [duration(s) for s in (7, 67, 3667)] == ["7 秒", "1 分 07 秒", "1 小时 01 分"]
    speak("en")
    assert [duration(s) for s in (7, 67, 3667)] == ["7 s", "1 min 07 s", "1 h 01 min"]


def test_the_buttons_of_qt_speak_the_language_too(speak):
    speak("zh_CN")
    assert HAN.search(QCoreApplication.translate("QPlatformTheme", "Cancel"))


@pytest.mark.parametrize(
    ("system", "has_font", "chosen"),
    [("zh_CN", True, "zh_CN"), ("zh_TW", True, "zh_CN"), ("de_DE", True, "en"),
     ("zh_CN", False, "en")],
)  # fmt: skip
def test_without_a_choice_the_system_decides(speak, monkeypatch, system, has_font, chosen):
    monkeypatch.setattr(QLocale, "system", lambda: QLocale(system))
    monkeypatch.setattr(language, "can_be_drawn", lambda code: has_font)
    assert speak("") == chosen
    assert speak("klingon") == chosen


def test_changing_the_language_leaves_no_translator_behind(qapp, speak):
    for code in (*CODES, *CODES):
        speak(code)
        qapp.sendPostedEvents(None, 52)  # DeferredDelete
    assert len(qapp.findChildren(QTranslator)) <= 2


def test_a_language_is_chosen_in_the_rail_and_kept_for_the_next_start(open_window, monkeypatch):
    monkeypatch.setattr("desktop.window_menu.can_be_drawn", lambda code: True)  # any computer
    window = open_window("en")
    assert window.preferences.language == ""
    button = window.rail._language_button
    assert "语言" in button.accessibleName()
    actions = {action.text(): action for action in button.menu().actions()}
    assert list(actions) == ["English", "简体中文"]
    actions["简体中文"].trigger()
    assert window.preferences.language == "zh_CN"
    assert "下次启动" in window._footer.text()
    assert window.rail.buttons["home"].text() == "Home"


def test_chinese_is_not_kept_where_it_could_not_be_read(open_window, monkeypatch):
    window = open_window("en")
    monkeypatch.setattr("desktop.window_menu.can_be_drawn", lambda code: False)
    window.rail.language_chosen.emit("zh_CN")
    assert window.preferences.language == ""
    assert "font" in window._footer.text()

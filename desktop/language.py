"""The language of the window: English, or Simplified Chinese. Chosen before any widget is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from desktop.words import engine_text
from engine import drawn_text

TRANSLATIONS = Path(__file__).parents[1] / "resources/translations"
# Without these a system that is not Chinese itself may draw the Japanese forms.
CHINESE_FONTS = ("Microsoft YaHei UI", "PingFang SC", "Noto Sans CJK SC", "Source Han Sans SC")


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its own name, and what it says when it is chosen."""

    name: str
    chosen: str


LANGUAGES = {
    "en": Language("English", "Imprint speaks English, from the next start if a training runs."),
    "zh_CN": Language("简体中文", "Imprint 将使用简体中文；训练进行中时，下次启动后生效。"),
}


def install_language(application: QApplication, code: str = "") -> str:
    """Use a language, or that of the system where `code` is empty; returns its code.

    Widgets made before keep their words.
    """
    code = code if code in LANGUAGES else _of_the_system()
    for old in application.findChildren(QTranslator):
        application.removeTranslator(old)
        old.deleteLater()
    of_qt = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    for folder, name in ((of_qt, "qtbase"), (str(TRANSLATIONS), "imprint")):
        translator = QTranslator(application)
        if translator.load(f"{name}_{code}", folder):
            application.installTranslator(translator)
    application.setFont(_font(code))
    drawn_text.speak(None if code == "en" else engine_text)
    return code


def can_be_drawn(code: str) -> bool:
    """Whether this computer has letters for a language; a bare Linux has no Chinese ones."""
    writing = QFontDatabase.WritingSystem.SimplifiedChinese
    return code != "zh_CN" or bool(QFontDatabase.families(writing))


def _of_the_system() -> str:
    is_chinese = QLocale.system().language() == QLocale.Language.Chinese
    return "zh_CN" if is_chinese and can_be_drawn("zh_CN") else "en"


def _font(code: str) -> QFont:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    if code == "zh_CN":
        known = set(QFontDatabase.families())
        chinese = [family for family in CHINESE_FONTS if family in known]
        font.setFamilies([*font.families(), *chinese])
    return font

"""A page of help for each page of the window, read from files: nothing is fetched."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from engine.regular_files import is_file

PROBLEMS = "problems"  # the page with a part for each kind of message
CHANGES = Path(__file__).parents[2] / "CHANGELOG.md"
PAGES = Path(__file__).parents[2] / "resources/help"


class HelpDialog(QDialog):
    """Stays open beside the window."""

    def __init__(self, page: str, code: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Help"))
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(False)
        self.text.setAccessibleName(self.tr("Help"))
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        self.resize(520, 560)
        self.show_page(page, code)

    def show_page(self, page: str, code: str) -> None:
        """In the language, or in English where a page is missing."""
        own = PAGES / code / f"{page}.md"
        path = own if is_file(own) else PAGES / "en" / f"{page}.md"
        self.text.setMarkdown(path.read_text("utf-8"))

    def show_changes(self) -> None:
        """What is new in each version."""
        self.text.setMarkdown(CHANGES.read_text("utf-8"))

    def find_code(self, code: str) -> bool:
        """Go to the part about the kind of problem that IM-KIND-07 belongs to."""
        kind = code.rpartition("-")[0]
        found = self.text.find(kind)
        if found:  # to the top of the view, with its heading
            bar = self.text.verticalScrollBar()
            bar.setValue(bar.value() + self.text.cursorRect().top() - 8)
        return found


def language_of_window(chosen: str) -> str:
    """The code that was chosen, or that of the system."""
    if chosen:
        return chosen
    chinese = QLocale.system().language() == QLocale.Language.Chinese
    return "zh_CN" if chinese else "en"

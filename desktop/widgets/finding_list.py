"""What is worth knowing about the pictures, each line with buttons that help."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from desktop.theme import Theme
from desktop.widgets.buttons import Sign
from desktop.widgets.labels import label
from desktop.words import remedy_of, summary_of
from engine.data.findings import Finding, Fix
from engine.wording import QT_TRANSLATE_NOOP

HIGHEST = 172

FIX_NAMES = {
    Fix.SHOW: QT_TRANSLATE_NOOP("FindingList", "Show"),
    Fix.LEAVE_OUT: QT_TRANSLATE_NOOP("FindingList", "Leave out"),
    Fix.KEEP_BEST: QT_TRANSLATE_NOOP("FindingList", "Keep the best of each"),
    Fix.ADD_TRIGGER: QT_TRANSLATE_NOOP("FindingList", "Add the trigger word"),
    Fix.ADD_PICTURES: QT_TRANSLATE_NOOP("FindingList", "Add more"),
    Fix.TAKE_OVER: QT_TRANSLATE_NOOP("FindingList", "Use it for the new pictures"),
    Fix.KEEP: QT_TRANSLATE_NOOP("FindingList", "Keep"),
}


class FindingList(QScrollArea):
    """As high as its lines, up to a limit; hidden when there is nothing to tell."""

    fix_requested = Signal(object, object)  # Finding, Fix

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("What is worth knowing"))
        self.texts: list[str] = []
        self.show_findings([])

    def show_findings(self, findings: list[Finding]) -> None:
        self._findings = findings
        self.texts = [summary_of(finding.message) for finding in findings]
        inside = QWidget()
        inside.setObjectName("clear")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(6)
        for number, finding in enumerate(findings):
            column.addLayout(self._line(number, finding))
        column.addStretch(1)
        self.setWidget(inside)
        self._fit_height()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._fit_height()

    def _fit_height(self) -> None:
        """The lines wrap, so how high they are depends on how wide the list is."""
        inside = self.widget()
        layout = inside.layout() if inside is not None else None
        if layout is not None:
            width = max(self.viewport().width(), 200)
            self.setFixedHeight(min(HIGHEST, max(1, layout.totalHeightForWidth(width))))

    @Slot()
    def _tell(self) -> None:
        # By number and not by a closure: a closure would keep the button in a cycle, and the
        # collector may run in another thread.
        button = self.sender()
        finding = self._findings[button.property("finding")]
        self.fix_requested.emit(finding, Fix(button.property("fix")))

    def _line(self, number: int, finding: Finding) -> QHBoxLayout:
        row = QHBoxLayout()
        icon = Sign(self._theme, 16).show_icon("warning", "warn")
        summary = summary_of(finding.message)
        words = label(summary, wrap=True)
        words.setToolTip(f"{remedy_of(finding.message)}  [{finding.message.code}]".strip())
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(words, 1)
        for fix in finding.fixes:
            text = QCoreApplication.translate("FindingList", FIX_NAMES[fix])
            button = QPushButton(text)
            button.setProperty("role", "small")
            button.setAccessibleName(f"{text}: {summary}")
            button.setProperty("finding", number)
            button.setProperty("fix", fix.value)
            button.clicked.connect(self._tell)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return row

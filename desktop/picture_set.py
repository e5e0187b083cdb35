"""The pictures of a project as the window sees them: captions, edits, filter, undo.

No widgets here. Captions go to the project's folder, edits into the draft; the pictures
themselves are only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QUndoStack

from desktop.caption_writer import CaptionWriter
from desktop.draft import Draft
from desktop.examiner import Answer, Examiner, Question
from desktop.lost_edits import LostEdits
from desktop.other_programs import OtherPrograms
from desktop.picture_rows import Change, PictureRow, Take, as_data, from_data, rank
from desktop.picture_scan import PictureScan
from engine.data import filters
from engine.data.buckets import Bucket
from engine.data.caption_edits import tidy
from engine.data.caption_files import KEPT_BOTH
from engine.data.edits import NO_EDIT, PictureEdit, left_out, with_change
from engine.data.findings import Finding
from engine.data.pictures import promises_a_picture
from engine.data.survey import Listed, Surveyed
from engine.data.walk import worth_saying
from engine.errors import UserError
from engine.wording import Phrase

EXAMINE_AFTER_MS = 300
RELOAD_AFTER_MS = 500
ORDERS = ("name", "newest", "size", "caption")


class PictureSet(QObject):
    """Rows in the order of the folder; `visible` says which are shown, and in what order."""

    reset = Signal()  # other rows, another filter
    rows_changed = Signal(object)  # set of rows
    rewritten = Signal(str)  # path of a file that holds something else now, or is gone
    progressed = Signal(int, int)  # files read, files in all
    finished = Signal()
    failed = Signal(object)  # UserError
    findings_changed = Signal()

    def __init__(self, draft: Draft, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self.stack = QUndoStack(self)
        self.rows: list[PictureRow] = []
        self.visible: list[int] = []
        self.findings: list[Finding] = []
        self.shapes: list[tuple[Bucket, int]] = []
        self._row_of: dict[str, int] = {}
        self._hidden: dict[int, Path] = {}  # row of the survey -> file that may be no picture
        self._listed = Listed((), ())
        self._num_read = 0
        self._folder, self._query, self._order = "", "", ORDERS[0]
        self._kept: set[tuple[str, tuple[str, ...]]] = set()  # findings that are all right
        self._marks: dict[str, set[str]] = {}  # key -> marks that only the whole set tells
        self._scan = PictureScan(self)
        self.writer = CaptionWriter(self)
        self._others = OtherPrograms(draft, self.writer, self)
        self._examiner = Examiner(self)
        self._examining = QTimer(self, singleShot=True, interval=EXAMINE_AFTER_MS)
        self._reloading = QTimer(self, singleShot=True, interval=RELOAD_AFTER_MS)
        self.lost = LostEdits()
        self._connect()

    # ---- reading ------------------------------------------------------------------------

    @Slot()
    def reload(self) -> None:
        """Read the folder anew; what was read before is remembered on disk."""
        folder = self._folder = self._draft.get("dataset.folder", "")
        self._others.stop()
        self.writer.when_written(partial(self._read, folder))

    def _read(self, folder: str) -> None:
        if not folder:
            self._scan.cancel()
            self._on_listed(Listed((), ()))
            self._on_finished()
            return
        project = self._draft.project
        self._scan.start(Path(folder), project.captions, self._others.places(Path(folder)))

    def close(self) -> None:
        """Write what waits to be written; no thread is left."""
        self._others.close()
        self.writer.flush()
        self._scan.wait()
        self._examiner.wait()

    @property
    def is_reading(self) -> bool:
        return self._num_read < len(self.rows) + len(self._hidden)

    @property
    def num_usable(self) -> int:
        """Pictures that the next run trains on."""
        return sum(row.is_usable and not self.edit_of(row).left_out for row in self.rows)

    # ---- what is shown ------------------------------------------------------------------

    def set_query(self, text: str) -> None:
        """See engine.data.filters."""
        self._query = text
        self._refilter()

    def set_order(self, order: str) -> None:
        """One of ORDERS."""
        self._order = order
        self._refilter()

    def show_only(self, keys: Iterable[str]) -> None:
        """Show these pictures, until another filter is set."""
        wanted = set(keys)
        self.visible = [number for number, row in enumerate(self.rows) if row.key in wanted]
        self.reset.emit()

    def row_of(self, key: str) -> int | None:
        return self._row_of.get(key)

    def edit_of(self, row: PictureRow) -> PictureEdit:
        return self._edits.get(row.key, NO_EDIT)

    def marks_of(self, row: PictureRow) -> frozenset[str]:
        """Of engine.data.filters.MARKS."""
        return row.marks(self.edit_of(row)) | self._marks.get(row.key, set())

    def described(self, keys: Iterable[str]) -> tuple[dict[str, Path], dict[str, PictureEdit]]:
        """Files and edits by key, as a model that describes pictures wants them."""
        rows = [self.rows[row] for key in keys if (row := self.row_of(key)) is not None]
        return {r.key: r.path for r in rows}, {r.key: self.edit_of(r) for r in rows}

    @property
    def subject(self) -> str:
        return self._draft.subject

    # ---- changing, each call one step of undo --------------------------------------------

    def write_captions(self, texts: Mapping[str, str], name: str, seen: str | None = None) -> int:
        """Captions by key; returns how many really change. One that another program wrote since
        the user has `seen` this one and began to type is kept beside it."""
        known = {key: row for key in texts if (row := self.row_of(key)) is not None}
        if gone := texts.keys() - known.keys():  # their pictures went while they were written
            self._write({key: tidy(texts[key]) for key in gone}, dict.fromkeys(gone, seen or ""))
            self._reloading.start()  # they may have other names now
        before = {key: self.rows[row].caption for key, row in known.items()}
        after = {key: tidy(texts[key]) for key in before}
        if seen is not None:
            theirs = {key: t for key, t in before.items() if t not in ("", seen, after[key])}
            self.writer.keep_beside(self._files_of(theirs))
        return self._push(name, before, after, self._set_captions)

    def write_unread(self, texts: Mapping[Path, str]) -> None:
        """Captions of files that were not read yet, straight to the disk; no step of undo."""
        folder = self._draft.project.captions
        if self.writer.write_unread(folder, texts):
            self._draft.set("dataset.captions_folder", str(folder))

    def name_trigger(self, keys: Iterable[str], name: str) -> int:
        """Put the trigger word and the class word before these captions."""
        subject = self._draft.subject
        known = {key: self.rows[row] for key in keys if (row := self.row_of(key)) is not None}
        texts = {key: f"{subject}, {row.caption}" for key, row in known.items()}
        return self.write_captions(texts, name)

    def edit(
        self, keys: Iterable[str], change: Callable[[PictureEdit], PictureEdit], name: str
    ) -> int:
        """Edits of pictures by key; returns how many really change."""
        known = (self.rows[row] for key in keys if (row := self.row_of(key)) is not None)
        before = {row.key: self.edit_of(row) for row in known if row.is_usable}
        after = {key: change(edit) for key, edit in before.items()}
        return self._push(name, before, after, self._set_edits)

    def leave_out(self, keys: Iterable[str], name: str, *, out: bool = True) -> int:
        return self.edit(keys, lambda edit: left_out(edit, out), name)

    def keep(self, finding: Finding) -> None:
        """It is all right as it is; it is not told again."""
        self._kept.add((str(finding.message), finding.keys))
        self.findings = [known for known in self.findings if known is not finding]
        self.findings_changed.emit()

    def _push(self, name: str, before: dict, after: dict, take: Take) -> int:
        changed = {key for key, value in after.items() if value != before[key]}
        if changed:
            was = {key: before[key] for key in changed}
            will = {key: after[key] for key in changed}
            self.stack.push(Change(name, was, will, take))
        return len(changed)

    def _set_captions(self, texts: dict[str, str], _: dict[str, str]) -> None:
        rows, before = set(), {}
        for key, text in texts.items():
            row = self.row_of(key)
            if row is None:  # another folder was opened meanwhile; the caption is kept all the same
                continue
            before[key] = self.rows[row].caption
            self.rows[row] = self.rows[row].with_caption(text)
            rows.add(row)
        self._write(texts, before)
        self.rows_changed.emit(rows)
        self._examining.start()

    def _write(self, texts: Mapping[str, str], before: Mapping[str, str]) -> None:
        """Captions by key, to the disk."""
        self._draft.make_folder()
        self.lost.captioned |= texts.keys()
        self.writer.write(self._files_of(texts), self._files_of(before))
        self._draft.set("dataset.captions_folder", str(self._draft.project.captions))

    def _files_of(self, values: Mapping[str, str]) -> dict[Path, str]:
        """By the caption file of Imprint instead of by key."""
        folder = self._draft.project.captions
        return {folder / f"{key}.txt": value for key, value in values.items()}

    @Slot(object)
    def _mark_kept_both(self, paths: list[Path]) -> None:
        rows = {row for path in paths if (row := self.row_of(path.stem)) is not None}
        for row in rows:
            self.rows[row] = self.rows[row].with_remark(Phrase(KEPT_BOTH))
        self.rows_changed.emit(rows)
        self._examining.start()

    @Slot(object, object)
    def _mark_not_written(self, texts: dict[Path, str], error: UserError) -> None:
        """Captions that are shown but not on the disk, with the reason."""
        rows = set()
        for path, text in texts.items():
            row = self.row_of(path.stem)
            if row is not None and self.rows[row].caption == text:
                self.rows[row] = self.rows[row].with_caption_problem(error.sentence)
                rows.add(row)
        self.rows_changed.emit(rows)

    def _set_edits(self, edits: dict[str, PictureEdit], was: dict[str, PictureEdit]) -> None:
        now = {key: self._edits.get(key, NO_EDIT) for key in edits}
        merged = self._edits | {key: with_change(now[key], was[key], edits[key]) for key in edits}
        self._edits = {key: edit for key, edit in merged.items() if edit != NO_EDIT}
        self._draft.set("dataset.edits", as_data(self._edits))
        self.rows_changed.emit({row for key in edits if (row := self.row_of(key)) is not None})
        self._examining.start()

    # ---- other programs ----------------------------------------------------------------------

    def take_over(self, name: str) -> None:
        """Give what was set for a picture to the one that has its name now."""
        heirs = self.lost.heirs(self.rows, self._edits)
        after: dict[str, PictureEdit] = {}
        for old, new in heirs.items():
            after |= {new: self._edits[old], old: NO_EDIT} if old in self._edits else {}
        before = {key: self._edits.get(key, NO_EDIT) for key in after}
        self._push(name, before, after, self._set_edits)
        captioned = {old: new for old, new in heirs.items() if old in self.lost.captioned}
        self.writer.take_over(self._files_of(captioned), name)

    @Slot(object, str)
    def _take_captions(self, texts: dict[str, str], name: str) -> None:
        self.write_captions(texts, name)
        self.reload()

    # ---- answers --------------------------------------------------------------------------

    @Slot(object)
    def _on_listed(self, listed: Listed) -> None:
        known = {row.path: row for row in self.rows}
        shown = [path for path in listed.paths if promises_a_picture(path)]
        self._hidden = dict(enumerate(listed.paths[len(shown) :], start=len(shown)))
        self._listed, self.lost.captioned = listed, listed.captioned
        self._num_read = 0
        for gone in known.keys() - set(listed.paths):
            self.rewritten.emit(str(gone))
        # What was read before stays in view until it is read anew: nothing flickers.
        self.rows = [known.get(path, PictureRow(path)) for path in shown]
        self._row_of = {row.key: number for number, row in enumerate(self.rows)}
        self._refilter()
        self.progressed.emit(0, len(listed.paths))

    @Slot(object)
    def _on_read(self, batch: list[Surveyed]) -> None:
        self._num_read += len(batch)
        changed, grown = set(), False
        for found in batch:
            row = found.row
            if row in self._hidden:
                path = self._hidden.pop(row)
                if found.reading.refusal is not None and not found.reading.is_picture:
                    continue  # a text, an archive: nobody expects it here
                row, grown = len(self.rows), True
                self.rows.append(PictureRow(path))
                self.visible.append(row)
            old = self.rows[row]
            said, mask = found.caption, found.mask
            new = PictureRow(old.path, found.reading, said.text, said.problem, said.remarks, mask)
            new = self.writer.as_typed(new)
            before = old.reading.content_hash if old.reading else ""
            self.lost.note(new, (found.was, before))
            if new != old:
                if new.key != old.key and self._row_of.get(old.key) == row:
                    del self._row_of[old.key]  # what is set for it now belongs to no file
                if old.reading is not None and old.reading != new.reading:
                    self.rewritten.emit(str(old.path))
                self.rows[row] = new
                changed.add(row)
            self._row_of[new.key] = row
        if grown:
            self.reset.emit()
        self.rows_changed.emit(changed)
        self.progressed.emit(self._num_read, len(self.rows) + len(self._hidden))

    @Slot()
    def _on_finished(self) -> None:
        self._row_of = {row.key: number for number, row in enumerate(self.rows)}
        if self._query or self._order != ORDERS[0]:
            self._refilter()
        self.finished.emit()
        self._examine()

    @Slot()
    def _examine(self) -> None:
        masks = str(self._draft.get("dataset.masks", "off"))
        known = (row for row in self.rows if row.reading and not self.edit_of(row).left_out)
        self._examiner.start(
            Question(
                pictures=[row.seen(self.edit_of(row)) for row in known],
                orphans=[path.name for path in self._listed.orphans],
                resolution=self._draft.resolution,
                trigger=str(self._draft.get("dataset.trigger", "")),
                buckets=self._draft.buckets(),
                notices=worth_saying(self._listed.notices, masks),
            )
        )

    @Slot(object)
    def _on_examined(self, answer: Answer) -> None:
        findings, self.shapes = answer.findings, answer.shapes
        findings = [*self.lost.finding(self.rows, self._edits), *findings]
        self.findings = [f for f in findings if (str(f.message), f.keys) not in self._kept]
        self._marks = {}
        for code, mark in (("IM-IMG-08", "duplicate"), ("IM-IMG-03", "small")):
            for key in (key for f in findings if f.message.code == code for key in f.keys):
                self._marks.setdefault(key, set()).add(mark)
        self.findings_changed.emit()

    @Slot(str)
    def _on_draft_changed(self, key: str) -> None:
        if key == "dataset" and self._draft.get("dataset.folder", "") == self._folder:
            self._take_edits()  # another window has left out a picture, say
            self.rows_changed.emit(set(range(len(self.rows))))
            self._examining.start()
        elif key in ("", "dataset.folder", "dataset"):
            self._take_edits()
            self._kept.clear()
            if key == "":
                self.stack.clear()  # the steps belong to the project that was open
                self.lost.forget()
            self.rows, self.visible, self._row_of = [], [], {}
            self.reset.emit()
            self.reload()
        elif key in ("dataset.trigger", "dataset.masks", "training.resolution", "base_model"):
            self._examining.start()

    def _refilter(self) -> None:
        test, rows = filters.matcher(self._query), enumerate(self.rows)
        shown = ((n, row, self.marks_of(row) if self._query else frozenset()) for n, row in rows)
        self.visible = [n for n, r, m in shown if test(r.described(self.edit_of(r), m))]
        if self._order != ORDERS[0]:
            self.visible.sort(key=lambda number: rank(self.rows[number], self._order))
        self.reset.emit()

    def _take_edits(self) -> None:
        self._edits = from_data(self._draft.get("dataset.edits", {}))

    def _connect(self) -> None:
        self._take_edits()
        self._examining.timeout.connect(self._examine)
        self._reloading.timeout.connect(self.reload)
        self._scan.listed.connect(self._on_listed)
        self._scan.read.connect(self._on_read)
        self._scan.finished.connect(self._on_finished)
        self._scan.failed.connect(self.failed)
        self.writer.not_written.connect(self._mark_not_written)
        self.writer.failed.connect(self.failed)
        self.writer.taken_over.connect(self._take_captions)
        self._examiner.finished.connect(self._on_examined)
        self._others.were_here.connect(self._reloading.start)
        self._scan.looked.connect(self._others.begin)
        self.writer.kept_both.connect(self._mark_kept_both)
        self._draft.changed.connect(self._on_draft_changed)

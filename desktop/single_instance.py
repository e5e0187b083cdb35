"""One Imprint a user: a second start hands over what it was to open, and ends once the first has
shown its window. Whoever does not answer so is not waited for: the second opens its own."""

from __future__ import annotations

import json
from collections.abc import Callable

from PySide6.QtCore import QDeadlineTimer, QObject, QTimer, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from desktop.meeting_place import address, is_same_user, new_address
from engine.json_reading import NotParsed, parse_json
from engine.shapes import OtherShape, shaped

WAIT_MS = 1_000
ANSWER_MS = 20_000  # of one that is there: while libraries are loaded it may not answer at once
LONGEST = 64 * 1024  # bytes of a list of files
SHOWN = b"imprint: the window is shown\n"

Show = Callable[[list[str]], bool]


def hand_over(paths: list[str], name: str = "") -> bool:
    """Give the paths to the Imprint that runs already; False where none shows its window."""
    place = name or address()
    if place is None:
        return False
    socket = QLocalSocket()
    socket.connectToServer(place)
    if not socket.waitForConnected(WAIT_MS) or not is_same_user(int(socket.socketDescriptor())):
        socket.abort()
        return False
    socket.write(json.dumps(paths).encode() + b"\n")
    answer, deadline = b"", QDeadlineTimer(ANSWER_MS)
    while len(answer) < len(SHOWN) and socket.waitForReadyRead(deadline.remainingTime()):
        answer += bytes(socket.readAll().data())
    socket.abort()
    return answer == SHOWN


class Doorkeeper(QObject):
    """Answers later starts, from `attend` on; whoever comes before that waits."""

    def __init__(self, parent: QObject | None = None, name: str = "") -> None:
        super().__init__(parent)
        self._show: Show | None = None
        self._waiting: list[tuple[QLocalSocket, list[str]]] = []
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._answer)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        place = name or new_address()
        if place is not None and not self._server.listen(place):
            # What a crash left in the way: `hand_over` found nobody who answers there.
            QLocalServer.removeServer(place)
            self._server.listen(place)

    @property
    def listens(self) -> bool:
        return self._server.isListening()

    def attend(self, show: Show) -> None:
        """`show` opens the paths of a later start, and says whether a window is to be seen."""
        self._show = show
        self._soon.start()

    def close(self) -> None:
        """A start from now on is the first."""
        self._server.close()

    @Slot()
    def _greet(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            if not is_same_user(int(socket.socketDescriptor())):
                socket.abort()
                socket.deleteLater()
                continue
            socket.setParent(self)
            socket.readyRead.connect(self._listen)
            socket.disconnected.connect(socket.deleteLater)

    @Slot()
    def _listen(self) -> None:
        socket = self.sender()
        assert isinstance(socket, QLocalSocket)
        if not socket.canReadLine():
            if socket.bytesAvailable() > LONGEST:
                socket.abort()
            return
        try:
            told = shaped(parse_json(bytes(socket.readLine().data())), list[str])
        except (NotParsed, OtherShape):
            socket.abort()
            return
        self._waiting.append((socket, told))
        self._answer()

    @Slot()
    def _answer(self) -> None:
        while self._show is not None and self._waiting:
            socket, paths = self._waiting.pop(0)
            if not _is_there(socket):
                continue  # it opened a window of its own
            try:
                is_shown = self._show(paths)
            except Exception:
                socket.abort()
                raise
            if is_shown:
                socket.write(SHOWN)
                socket.flush()
            else:
                socket.abort()


def _is_there(socket: QLocalSocket) -> bool:
    """Whether the other end still waits."""
    try:
        socket.waitForReadyRead(0)  # takes notice of an end
        return socket.state() == QLocalSocket.LocalSocketState.ConnectedState
    except RuntimeError:  # deleted with its connection
        return False

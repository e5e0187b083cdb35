"""One Imprint a user: a second start hands over what it was to open, and ends."""

from __future__ import annotations

import getpass
import hashlib
import json
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from engine.json_reading import NotParsed, parse_json
from engine.shapes import OtherShape, shaped

WAIT_MS = 1_000
ANSWER_MS = 20_000  # of one that is there: while libraries are loaded it may not answer at once
LONGEST = 64 * 1024  # bytes of a list of files


def channel_name() -> str:
    """Of this user and home: others on the same computer have windows of their own."""
    whose = f"{getpass.getuser()}|{Path.home()}"
    return f"imprint-{hashlib.sha256(whose.encode()).hexdigest()[:16]}"


def hand_over(paths: list[str], name: str = "") -> bool:
    """Give the paths to the Imprint that runs already; False where none answers."""
    socket = QLocalSocket()
    socket.connectToServer(name or channel_name())
    if not socket.waitForConnected(WAIT_MS):
        return False
    socket.write(json.dumps(paths).encode() + b"\n")
    answered = socket.waitForBytesWritten(WAIT_MS) and socket.waitForReadyRead(ANSWER_MS)
    return bool(answered)


class Doorkeeper(QObject):
    """Answers later starts; `called` brings the paths that they were given."""

    called = Signal(list)  # of str

    def __init__(self, parent: QObject | None = None, name: str = "") -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        if not self._server.listen(name or channel_name()):
            # What a crash left in the way: `hand_over` found nobody who listens there.
            QLocalServer.removeServer(name or channel_name())
            self._server.listen(name or channel_name())

    @property
    def listens(self) -> bool:
        return self._server.isListening()

    def close(self) -> None:
        """A start from now on is the first."""
        self._server.close()

    @Slot()
    def _greet(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
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
        socket.write(b"here\n")
        socket.flush()
        self.called.emit(told)

"""What the monkey types and which keys it presses."""

TEXTS = (
    "", " ", "sks", "toy", "a photo of sks toy", "x" * 5_000, "word " * 2_000, "²", "①", "\0", "\ud83d", "👩\u200d👩\u200d👧", "我的猫",
    "\u202egnp", "e\u0301" * 40, "../../etc/passwd", "/dev/null", "/", "~", "C:\\x", "%s %d {} {subject} {0.__class__}",
    "<b>bold</b><img src='x'>", "((((a:1.3", "[[[]]]", "(a:1e999)", "<lora:toy:1>", "<lora:x:nan>", "BREAK", "a AND b",
    "1e999", "-1", "nan", "0", "99999999999999999999", "a\nb\rc\td", "con", ".", "..", "Straße", "İzmir", "--help", "=cmd|'/c calc'!A1",
    "https://user:secret@example.invalid/x", "file:///etc/passwd", "\x1b[31m",
)  # fmt: skip
KEYS = (
    "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+A", "Ctrl+C", "Ctrl+V", "Ctrl+X", "Delete", "Escape", "Return", "Space", "Tab", "Shift+Tab",
    "Up", "Down", "Left", "Right", "Home", "End", "PgUp", "PgDown", "F1", "F5", "Ctrl+K", "Ctrl+Return", "Ctrl+1", "Ctrl+3",
    "Ctrl+5", "Ctrl+,", "Ctrl+F", "Ctrl+Up", "Alt+Up", "0", "5", "M", "R", "X", "?", "Ctrl+S", "Ctrl+E",
)  # fmt: skip

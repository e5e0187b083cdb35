"""Bytes of a text file -> text: UTF-8, UTF-16 and UTF-32, or a guess at an old encoding.

charset-normalizer finds the encodings that are possible. Captions are short, so that several
are; the one whose characters are ordinary in its own language is taken, and the guess is said.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from unicodedata import category

from engine.wording import QT_TRANSLATE_NOOP

# The first of equals wins: encodings that are common before those that are rare.
NAMES = {
    "cp932": QT_TRANSLATE_NOOP("engine", "Japanese (Shift-JIS)"),
    "cp949": QT_TRANSLATE_NOOP("engine", "Korean (EUC-KR)"),
    "gb18030": QT_TRANSLATE_NOOP("engine", "Chinese (GB18030)"),
    "big5": QT_TRANSLATE_NOOP("engine", "Traditional Chinese (Big5)"),
    "euc_jp": QT_TRANSLATE_NOOP("engine", "Japanese (EUC-JP)"),
    "cp1252": QT_TRANSLATE_NOOP("engine", "Western European (Windows-1252)"),
    "cp1250": QT_TRANSLATE_NOOP("engine", "Central European (Windows-1250)"),
    "cp1254": QT_TRANSLATE_NOOP("engine", "Turkish (Windows-1254)"),
    "cp1251": QT_TRANSLATE_NOOP("engine", "Cyrillic (Windows-1251)"),
    "koi8_r": QT_TRANSLATE_NOOP("engine", "Cyrillic (KOI8-R)"),
    "cp1253": QT_TRANSLATE_NOOP("engine", "Greek (Windows-1253)"),
    "cp1257": QT_TRANSLATE_NOOP("engine", "Baltic (Windows-1257)"),
    "cp1258": QT_TRANSLATE_NOOP("engine", "Vietnamese (Windows-1258)"),
    "cp1255": QT_TRANSLATE_NOOP("engine", "Hebrew (Windows-1255)"),
    "cp1256": QT_TRANSLATE_NOOP("engine", "Arabic (Windows-1256)"),
    "cp874": QT_TRANSLATE_NOOP("engine", "Thai (Windows-874)"),
    "utf_16_le": QT_TRANSLATE_NOOP("engine", "UTF-16"),
    "utf_16_be": QT_TRANSLATE_NOOP("engine", "UTF-16, big-endian"),
}

_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёієїґў"
_GREEK = "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"
# Letters that texts in an encoding have. English letters are in all of them and say nothing.
_LETTERS = {
    "cp1252": "àâäáãåæçéèêëíìîïñóòôöõøœúùûüÿß",
    "cp1250": "ąćęłńóśźżáčďéěíňřšťúůýžäöüßľĺŕőűăâîşţđô",
    "cp1254": "çğıöşüâîûİ",
    "cp1257": "āčēģīķļņōŗšūžąęėįųõäöü",
    "cp1258": "ăâđêôơưàáãèéìíòóõùúýảạ",
    "cp1251": _CYRILLIC,
    "koi8_r": _CYRILLIC,
    "cp1253": _GREEK,
    "cp1255": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "cp1256": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ",
    "cp874": "".join(map(chr, range(0x0E01, 0x0E5C))),
}
_KANA = "".join(map(chr, [*range(0x3041, 0x3097), *range(0x30A1, 0x30FF), 0x3005]))
_KANJI = (
    "人女男子供髪目青赤白黒緑黄紫茶金銀色服着手足顔頭口耳長短大小中上下前後左右背景空海山川木花草"
    "犬猫鳥魚馬車家部屋窓道夜朝日月星光影雨雪風笑座立歩走見持本写真絵画一二三少年美可愛制帽"
)
# The letters and characters that most of a text is made of, by its language.
_FREQUENT = {
    "cp1251": "оеаинтсрвлкмдпуяы",
    "koi8_r": "оеаинтсрвлкмдпуяы",
    "cp1253": "αοιετσνηυρπκμλςάίό",
    "cp1255": "יוהלאמרתבשנםעד",
    "cp1256": "اليمونرتبهدعسفكقة",
    "cp874": "านรอกเงมยลวดสตทคบปหพชแขไใจซผธโ่้ิีุูัื็์ำะๆ",
    "cp932": _KANA + _KANJI,
    "euc_jp": _KANA + _KANJI,
    "gb18030": "的一是不了在人有我他这个们中来上大为和地到以说时要就出会可也你对生能而子那得着下"
    "自年过发后作里用道行所然家事成方多去如都同现当没面起看天分还进好小些主样女男孩前"
    "开只两高间文头手体身发衣服裙裤鞋帽脸眼睛嘴唇笑站坐走躺穿戴拿红黄蓝绿黑白灰紫粉橙"
    "金银色猫狗鸟鱼马花草树木山水海云雪雨夜日月光影街房屋门窗床桌椅车照片图画风格背景"
    "特写长短毛老少年美丽可爱微抱",
    "big5": "的一是不了在人有我他這個們中來上大為和地到以說時要就出會可也你對生能而子那得著下"
    "自年過發後作裡用道行所然家事成方多去如都同現當沒面起看天分還進好小些主樣女男孩前"
    "開只兩高間文頭手體身髮衣服裙褲鞋帽臉眼睛嘴唇笑站坐走躺穿戴拿紅黃藍綠黑白灰紫粉橙"
    "金銀色貓狗鳥魚馬花草樹木山水海雲雪雨夜日月光影街房屋門窗床桌椅車照片圖畫風格背景"
    "特寫長短毛老少年美麗可愛微抱",
    "cp949": "이다는을를의가에고하지은로사리도기아나자어시스그대인해서정있수한일보라주여상만오"
    "마우부전무구비유소장제화성신원진파란머녀빨강색옷강아지고양개흰검은노초록분홍긴짧"
    "안경앉서걷웃는모습얼굴",
}
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "cp1258")
_ONE_SCRIPT = ("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874")  # in a word
_INSIDE_WORDS = frozenset("‘’–—·ー")
_PUNCTUATION = _INSIDE_WORDS | frozenset(
    "“”„‚…«»‹›•°€£§©®™¡¿№×  、。，．！？：；（）「」『』【】《》～"
)
_IDEOGRAPHS, _HANGUL = range(0x4E00, 0xA000), range(0xAC00, 0xD7A4)
_SCRIPTS = {
    "cp932": _IDEOGRAPHS, "euc_jp": _IDEOGRAPHS, "gb18030": _IDEOGRAPHS, "big5": _IDEOGRAPHS,
    "cp949": _HANGUL,
}  # fmt: skip
_UNLIKELY, _UNCOMMON, _RARE = 1.0, 0.5, 0.25
_CLEAR, _MOST = 0.1, 0.35
_THRESHOLD = 0.5  # of disorder, as charset-normalizer counts it
_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\r\n\f")
_CONTROL_BYTES = "".join(_CONTROLS).encode()
_BLANKED = bytes.maketrans(_CONTROL_BYTES, b" " * len(_CONTROL_BYTES))
_MOST_CONTROLS = 0.25  # of the bytes; in Cyrillic as UTF-16 every second one is a control
_SAMPLE = 2048  # bytes; the language of a text shows at once


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, and the encoding that it was taken for where that was a guess."""

    text: str
    guessed: str = ""  # a key of NAMES


class NotText(ValueError):
    """Raised for bytes that no encoding makes a text of."""


def decode(data: bytes, likely: Iterable[str] = ()) -> Decoded:
    """The text of a file. Raises NotText.

    `likely` are encodings that other files of the set are in; between two that fit equally well
    they decide. A few stray control characters are read as blanks: the vertical tab of office
    programs, the end mark of DOS, an escape.
    """
    decoded = _decoded(data, likely)
    if decoded is None and 0 < _num_controls(data) <= len(data) * _MOST_CONTROLS:
        decoded = _decoded(data.translate(_BLANKED), likely)
    if decoded is None:
        raise NotText
    return decoded


def _decoded(data: bytes, likely: Iterable[str]) -> Decoded | None:
    """The text, where an encoding makes one of the bytes that has no control characters."""
    known = _unicode(data)
    if known is not None:
        return Decoded(known)
    for encoding in likely:  # of ten thousand files nearly all are alike
        text = _without_controls(data, encoding)
        if text is not None and unlikelihood(text[:_SAMPLE], encoding) <= _CLEAR:
            return Decoded(text, encoding)
    guesses = ranked(data)
    if not guesses:
        return None
    best = guesses[0]
    for encoding in likely:
        other = next((guess for guess in guesses if guess[1] == encoding), None)
        if other is not None and other[0] <= best[0] + _RARE:
            best = other
            break
    return Decoded(data.decode(best[1]), best[1])


def ranked(data: bytes) -> list[tuple[float, str]]:
    """Possible encodings of a text that is not UTF-8: how unlikely each is, the likely first."""
    from charset_normalizer import from_bytes  # late: most sets are in UTF-8

    sample = data[:_SAMPLE]
    matches = from_bytes(
        sample,
        threshold=_THRESHOLD,
        cp_isolation=list(NAMES),
        enable_fallback=False,
        preemptive_behaviour=False,
    )
    order, found = list(NAMES), []
    possible = {name for match in matches for name in match.could_be_from_charset}
    possible |= {"cp1252"} if not possible else set()
    for encoding in possible & set(NAMES):
        text = _without_controls(data, encoding)
        if text is None:
            continue
        score = unlikelihood(text[:_SAMPLE], encoding)
        # Two arbitrary bytes are mostly some character of UTF-16; zeros are nowhere else.
        if score <= _MOST if encoding.startswith("utf_16") else 0 not in data:
            found.append((score, order.index(encoding), encoding))
    return [(score, encoding) for score, _, encoding in sorted(found)]


def unlikelihood(text: str, encoding: str) -> float:
    """0 where every character is an ordinary one of the encoding's language, up to 1."""
    costs = []
    for before, char, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if char < "\x80" or char in _PUNCTUATION:
            # "éF", "яF", "a»b": no word is written like this.
            is_odd = char.isupper() and before > "\x80" and before.islower()
            is_odd |= char.isalpha() and before > "\x80" and encoding in _ONE_SCRIPT
            is_odd |= char > "\x80" and char not in _INSIDE_WORDS and before + after != "  "
            if is_odd and before.isalpha() and (char < "\x80" or after.isalpha()):
                costs.append(_UNLIKELY)
        else:
            costs.append(_cost(before, char, encoding))
    score = sum(costs) / len(costs) if costs else 0.0
    # UTF-16 without a mark nearly always has a space, a digit or a line's end.
    return score + (_RARE if encoding.startswith("utf_16") and text.isalpha() else 0.0)


def _cost(before: str, char: str, encoding: str) -> float:
    """How unlikely one letter is after another one."""
    lower, frequent = char.lower(), _frequent(encoding)
    if char != lower and before.isalpha():  # "дЕВОЧКА"
        return _UNLIKELY
    if category(char) == "Mn" and before < "\x80":  # an accent on nothing
        return _UNLIKELY
    if lower not in _usual(encoding):
        return _UNCOMMON if ord(char) in _SCRIPTS.get(encoding, ()) else _UNLIKELY
    if encoding in _LATIN:  # a word in Latin letters has ASCII letters, too
        return _RARE if before > "\x80" and before.isalpha() else 0.0
    return _RARE if frequent and lower not in frequent else 0.0


def _without_controls(data: bytes, encoding: str) -> str | None:
    """The text; None where the bytes are no text, or one with control characters."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return text if _CONTROLS.isdisjoint(text) else None


def _num_controls(data: bytes) -> int:
    """All bytes, where one is zero: that is UTF-16 or no text, never a stray character."""
    return len(data) if 0 in data else len(data) - len(data.translate(None, _CONTROL_BYTES))


def _unicode(data: bytes) -> str | None:
    """The text where the bytes say themselves that they are Unicode."""
    # The mark of UTF-32 begins with that of UTF-16.
    marks = (
        (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    )  # fmt: skip
    for mark, encoding in marks:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace").replace("\0", "")
    if b"\0" in data:
        return None
    # Cyrillic in UTF-16 without a mark is valid UTF-8, too: ":" and control characters.
    return _without_controls(data, "utf-8-sig")


@cache
def _frequent(encoding: str) -> frozenset[str]:
    if encoding.startswith("utf_16"):
        return frozenset("".join(_FREQUENT.values()) + "".join(_LETTERS[name] for name in _LATIN))
    return frozenset(_FREQUENT.get(encoding, ""))


@cache
def _usual(encoding: str) -> frozenset[str]:
    """Characters that texts in the language of an encoding are made of."""
    if encoding in _LETTERS:
        return frozenset(_LETTERS[encoding].lower())
    if encoding.startswith("utf_16"):
        return frozenset().union(*map(_usual, [name for name in NAMES if name[:3] != "utf"]))
    kana = frozenset(_KANA)
    wide = frozenset(map(chr, range(0xFF01, 0xFF5F)))  # full-width letters and digits
    # The first level of each national standard holds the characters of everyday texts.
    levels: dict[str, frozenset[str]] = {
        "cp932": kana | wide | _rows("euc_jp", range(0xB0, 0xD0)),
        "euc_jp": kana | wide | _rows("euc_jp", range(0xB0, 0xD0)),
        "gb18030": wide | _rows("gb2312", range(0xB0, 0xD8)),
        "big5": wide | _rows("big5", range(0xA4, 0xC7), range(0x40, 0xFF)),
        "cp949": wide | _rows("euc_kr", range(0xB0, 0xC9)),
    }
    return levels[encoding]


def _rows(encoding: str, firsts: range, seconds: range = range(0xA1, 0xFF)) -> frozenset[str]:
    """The letters that a first and a second byte stand for."""
    pairs = (bytes((first, second)) for first in firsts for second in seconds)
    texts = (pair.decode(encoding, errors="ignore") for pair in pairs)
    return frozenset(text for text in texts if len(text) == 1 and category(text)[0] == "L")

"""Where a text calls a word, in every script; and which words a prompt and a file can bear."""

from __future__ import annotations

import unicodedata

import pytest

from engine.config_file import check, require
from engine.data.captions import compose, names_trigger
from engine.trigger import calls, folded, prompt_calls, spans, split, without
from engine.trigger_rules import better_trigger, is_syntax, names_a_file, sample_prompts


def apart(text: str) -> str:
    """With accents and Hangul taken apart, as some systems store them."""
    return unicodedata.normalize("NFD", text)


CALLED = [
    ("a photo of sks cat", "sks"),
    ("a photo of SKS cat", "sks"),
    ("sks", "sks"),
    ("sks's cat", "sks"),
    ("sks-cat", "sks"),
    ("sks_cat", "sks"),
    ("a sks_cat_sleeping", "sks_cat"),
    ("(sks), [sks:1.2]", "sks"),
    ("ｓｋｓ cat", "sks"),
    ("s\u00adks cat", "sks"),  # a soft hyphen
    ("my  old\ncat!", "my old cat"),
    ("一只我的猫在睡觉", "我的猫"),
    ("一只sks猫", "sks"),
    ("うちの猫がねる", "うちの猫"),
    ("ﾊﾞﾅﾅだ", "バナナ"),
    ("내고양이가 자고 있다", "내고양이"),
    (apart("내고양이가"), "내고양이"),
    ("แมวของฉันนอน", "แมวของฉัน"),
    (apart("café noir"), "café"),
    ("café noir", apart("café")),
    ("das STRASSE-Bild", "Straße"),
    ("in der straße", "Straße"),
    ("izmir at night", "İzmir"),
    ("İZMİR", "İzmir"),
    ("ﬁsh", "fish"),
    ("fish", "ﬁsh"),
    ("мой ЁЖИК спит", "ёжик"),
    ("ΟΔΟΣ", "οδος"),
    ("🐱🐱", "🐱"),
    ("❤", "❤\ufe0f"),
    ("a (zwx) toy", "(zwx)"),
]
NOT_CALLED = [
    ("masks", "sks"),
    ("sks2", "sks"),
    ("ésks", "sks"),
    (apart("ésks"), "sks"),
    ("sksé", "sks"),
    (apart("sksé"), "sks"),
    ("cafe", "café"),
    ("фотоsks", "sks"),
    ("sks\u0301", "sks"),
    ("👩\u200d🚀", "👩"),
    ("👋🏽", "👋"),
    ("แมว่", "แมว"),
    ("ﬁsh", "ish"),
    ("strasse", "tra"),
    (apart("가"), "ᅡ"),
    ("my oldcat", "my old cat"),
    ("", "sks"),
    ("sks", ""),
    ("sks", "\ufe0f"),
]


@pytest.mark.parametrize(("text", "word"), CALLED)
def test_a_word_is_called_in_every_script(text, word):
    assert calls(text, word)
    assert calls(f"a photo, {text}, a photo", word)


@pytest.mark.parametrize(("text", "word"), NOT_CALLED)
def test_a_part_of_a_longer_word_does_not_call_it(text, word):
    assert not calls(text, word)


@pytest.mark.parametrize(("text", "word"), CALLED)
def test_the_pieces_of_a_text_are_the_text(text, word):
    pieces = list(split(text, [word]))
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, called in pieces if called] == [
        text[start:end] for start, end in spans(text, word)
    ]
    assert all(folded(piece) == folded(word) for piece, called in pieces if called)
    assert not calls(without(text, word), word)


@pytest.mark.parametrize(("text", "word"), CALLED + NOT_CALLED)
def test_captions_go_by_the_same_rule(text, word):
    assert names_trigger(text, word) is (not word or calls(text, word))
    assert not word or calls(compose(text, "", word, "cat"), word) or not folded(word)


def test_where_words_overlap_the_first_counts_and_of_those_that_begin_together_the_longest():
    words = ["sks", "sks_cat", "my cat", "cat toy"]
    assert [word for _, word in split("my cat toy sks_cat sks", words) if word] == [
        "my cat", "sks_cat", "sks"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "word", "expected"),
    [
        ("a (zwx:1.2) toy", "zwx", True),
        ("a ((zwx)) toy", "zwx", True),
        (r"a \(zwx\) toy", "(zwx)", True),
        ("<lora:zwx:1> a toy", "zwx", False),
        ("a (zwx) toy", "(zwx)", False),
        ("a toy BREAK zwx", "zwx", True),
        ("a toy BREAK zwx", "BREAK", False),
        ("一只(我的猫:1.2)在睡觉", "我的猫", True),
    ],
)
def test_a_prompt_is_read_before_words_are_looked_for(prompt, word, expected):
    assert prompt_calls(prompt, word) is expected


def test_a_template_that_forgets_the_subject_gets_it_in_front():
    assert compose("", "a photo", "我的猫", "猫") == "我的猫 猫, a photo"
    assert compose("", "a photo of {subject}", "", "cat") == "a photo of cat"


BEARABLE = ["zwx", "ZWX", "sks_cat", "my-cat", "我的猫", "うちの猫", "내고양이", "น้ำ", "Café",
            "Straße", "İzmir", "ﬁsh", "v1.5", "หมาของฉัน", "мойкот", "हिन्दी"]  # fmt: skip
UNBEARABLE = {
    "my old cat": "my-old-cat", "🐱": "cxt", "..": "cxt", "con": "cxn", "CON": "cxn",
    "(zwx)": "zwx", "[zwx]": "zwx", "BREAK": "brexk", "AND": "xnd", "zwx, toy": "zwx-toy",
    "zwx:1.2": "zwx-1.2", "<lora:a:1>": "lora-a-1", "_zwx": "zwx", "x" * 64: "x" * 60,
    "猫" * 50: "猫" * 40, "untitled": "cxt", "{subject}": "subject", "a/b": "a-b", "zwx.": "zwx",
    "com1": "cxm", "\\(": "cxt",
}  # fmt: skip
WORD_METHODS = [{"kind": "textual_inversion"}, {"kind": "lora", "word_vectors": 2}]
OTHER_METHODS = [{"kind": "lora"}, {"kind": "dreambooth"}, {"kind": "hypernetwork"}]


def settings(method: dict, trigger: str, **more) -> dict:
    dataset = {"folder": "x", "trigger": trigger, "class_word": "cat", **more}
    return {"method": method, "dataset": dataset}


@pytest.mark.parametrize("method", WORD_METHODS)
@pytest.mark.parametrize("trigger", BEARABLE)
def test_a_word_that_its_file_can_have_as_name_is_taken(method, trigger):
    assert check(settings(method, trigger))[0] is not None


@pytest.mark.parametrize("method", WORD_METHODS)
@pytest.mark.parametrize(("trigger", "better"), UNBEARABLE.items())
def test_a_word_that_no_file_or_prompt_can_bear_is_refused_with_a_better_one(
    method, trigger, better
):
    config, problems = check(settings(method, trigger))
    assert config is None
    assert [problem.field for problem in problems] == ["dataset.trigger"]
    assert f"Use {better} as trigger word." in problems[0].sentence
    assert check(settings(method, better))[0] is not None


@pytest.mark.parametrize("kind", ["lora", "dreambooth", "textual_inversion", "hypernetwork"])
@pytest.mark.parametrize("trigger", ["<|endoftext|>", "<|StartOfText|>"])
def test_a_token_that_every_prompt_contains_is_refused_with_a_better_word(kind, trigger):
    (problem,) = check(settings({"kind": kind}, trigger))[1]
    assert problem.field == "dataset.trigger"
    assert "is a special token that every prompt contains" in problem.sentence


WHY = {
    "sks.": "ends with “.”", "..": "has neither a letter nor a digit", "my cat": "contains a blank",
    "don't": "contains “'”", "-sks": "begins with “-”", "sks!": "contains “!”",
    "a/b": "contains “/”",
    "CON": "Windows keeps for itself", "con.x": "Windows keeps for itself", "x" * 64: "is so long",
    "猫" * 50: "is so long", "untitled": "stands for a file without a name",
    "a\u200db": "contains an invisible character", "🐱": "has neither a letter nor a digit",
}  # fmt: skip


@pytest.mark.parametrize(("trigger", "reason"), WHY.items())
def test_the_refusal_of_a_word_says_what_is_wrong_with_it(trigger, reason):
    (problem,) = check(settings(WORD_METHODS[0], trigger))[1]
    better = better_trigger(trigger, "cat")
    assert problem.sentence == (
        f"“{trigger}” cannot be the trigger word: the embedding's file is named after it, and "
        f"Imprint gives no file a name that {reason}. Use {better} as trigger word."
    )


@pytest.mark.parametrize("trigger", [*BEARABLE, *UNBEARABLE])
def test_the_better_word_is_fit(trigger):
    better = better_trigger(trigger)
    assert names_a_file(better)
    assert not is_syntax(better)


@pytest.mark.parametrize("method", OTHER_METHODS)
@pytest.mark.parametrize("trigger", UNBEARABLE)
def test_without_a_file_of_its_own_every_word_is_taken(method, trigger):
    assert check(settings(method, trigger))[0] is not None


@pytest.mark.parametrize("method", WORD_METHODS)
def test_a_run_that_has_begun_keeps_the_word_it_began_with(method):
    assert require(settings(method, "my old cat"), has_begun=True).dataset.trigger == "my old cat"


@pytest.mark.parametrize("method", WORD_METHODS)
def test_dropping_every_caption_is_refused(method):
    config, problems = check(settings(method, "zwx", caption_dropout=1.0))
    assert config is None
    assert [problem.field for problem in problems] == ["dataset.caption_dropout"]


@pytest.mark.parametrize(
    ("method", "prompts", "expected"),
    [
        (WORD_METHODS[0], ["a toy", "<lora:zwx:1> a cat"], "a caption"),
        (WORD_METHODS[1], ["a toy"], "a caption"),
        (WORD_METHODS[0], ["a toy", "a (zwx) cat"], "a toy"),
        (WORD_METHODS[0], [], "a caption"),
        (OTHER_METHODS[0], ["a toy"], "a toy"),
    ],
)
def test_samples_are_drawn_of_captions_where_no_prompt_calls_the_taught_word(
    method, prompts, expected
):
    config = require(settings(method, "zwx") | {"sampling": {"prompts": prompts}})
    assert sample_prompts(config, ["a caption"])[0] == expected


def test_a_word_that_would_learn_in_no_step_is_refused():
    data = settings({"kind": "lora", "word_vectors": 2, "text_until": 0.01}, "zwx")
    problems = check(data | {"training": {"steps": 10}})[1]
    assert [problem.field for problem in problems] == ["method.text_until"]

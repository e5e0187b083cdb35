"""Prompts: what AUTOMATIC1111's users mean by brackets, BREAK, long prompts and tags."""

from __future__ import annotations

import pytest

from engine.prompts import (
    BREAK,
    Chunk,
    Piece,
    Tag,
    TokenPiece,
    make_chunks,
    not_done,
    parse_emphasis,
    split_tags,
)

COMMA = 267


def weighed(prompt: str) -> list[tuple[str, float]]:
    return [
        ("BREAK", -1) if piece is BREAK else (piece.text, pytest.approx(piece.weight))
        for piece in parse_emphasis(prompt)
    ]


# What AUTOMATIC1111's documentation and its own parser say of each.
@pytest.mark.parametrize(
    ("prompt", "meaning"),
    [
        ("", [("", 1)]),
        ("()", [("", 1)]),
        ("normal text", [("normal text", 1)]),
        ("an (important) word", [("an ", 1), ("important", 1.1), (" word", 1)]),
        ("a [weak] word", [("a ", 1), ("weak", 1 / 1.1), (" word", 1)]),
        ("((twice)) [[half]]", [("twice", 1.21), (" ", 1), ("half", 1 / 1.21)]),
        ("(set:1.3)", [("set", 1.3)]),
        ("(set: 1.3 )", [("set", 1.3)]),
        ("(less:-.5) (more:+2.)", [("less", -0.5), (" ", 1), ("more", 2)]),
        ("(outer (inner:2):1.5)", [("outer ", 1.5), ("inner", 3)]),
        ("(unnecessary)(parens)", [("unnecessaryparens", 1.1)]),
        ("(unbalanced", [("unbalanced", 1.1)]),
        ("a [(unbalanced", [("a unbalanced", 1)]),
        ("closed) too] often", [("closed) too] often", 1)]),
        ("no bracket:1.3) here", [("no bracket:1.3) here", 1)]),
        ("[square:1.3)", [("square:1.3)", 1 / 1.1)]),
        ("(crossing [brackets) end]", [("crossing ", 1.1), ("brackets", 1), (" end", 1 / 1.1)]),
        (r"\(literal\]", [("(literal]", 1)]),
        (r"(smile \:\) here)", [("smile :) here", 1.1)]),
        (r"back\\slash and lone\ one", [("back\\slash and lone one", 1)]),
        ("3:4 format: wide", [("3:4 format: wide", 1)]),
        ("(ratio 3:4:1.2)", [("ratio 3:4", 1.2)]),
        ("(odd:1.2.3)", [("odd:1.2.3", 1.1)]),
        ("(柴犬:1.2)，街道", [("柴犬", 1.2), ("，街道", 1)]),
        ("[from:to:0.5] [a|b]", [("from:to:0.5", 1 / 1.1), (" ", 1), ("a|b", 1 / 1.1)]),
        (
            "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
            [
                ("a ", 1),
                ("house", 1.573),
                (" ", 1.1),
                ("on", 1),
                (" a ", 1.1),
                ("hill", 0.55),
                (", sun, ", 1.1),
                ("sky", 1.4641),
                (".", 1.1),
            ],
        ),
    ],
)
def test_brackets_weigh_words_as_in_automatic1111(prompt, meaning):
    assert weighed(prompt) == meaning


def test_break_stands_alone_and_takes_the_blanks_around_it():
    assert parse_emphasis("a cat \n BREAK  a dog") == [Piece("a cat", 1), BREAK, Piece("a dog", 1)]
    assert parse_emphasis("BREAK BREAK").count(BREAK) == 2
    assert parse_emphasis("(a)BREAK(b)").count(BREAK) == 1


@pytest.mark.parametrize("prompt", ["BREAKFAST", "break", "a UNBREAKABLE b", "BREAK_IT"])
def test_only_the_word_break_in_capitals_ends_a_chunk(prompt):
    assert parse_emphasis(prompt) == [Piece(prompt, 1.0)]


def test_break_inside_weighing_brackets_is_text_as_in_automatic1111():
    assert weighed("(a BREAK b)") == [("a", 1.1), ("BREAK", -1.1), ("b", 1.1)]
    assert BREAK in parse_emphasis("(a BREAK b:1)")


@pytest.mark.parametrize(
    ("prompt", "text", "tags"),
    [
        ("a cat", "a cat", []),
        ("a cat <lora:tom:0.8>", "a cat ", [Tag("lora", "tom", 0.8)]),
        ("<lora:tom>a cat", "a cat", [Tag("lora", "tom", 1.0)]),
        ("<lyco:tom:1>", "", [Tag("lora", "tom", 1.0)]),
        ("a<hypernet:anime:-.5>b", "ab", [Tag("hypernet", "anime", -0.5)]),
        ("<lora:tom:0.5:0.9>", "", [Tag("lora", "tom", 0.5, 0.9)]),
        ("<lora:tom:0.5:0.5>", "", [Tag("lora", "tom", 0.5)]),
        ("<lora:tom:0.5:0.9:te=1>", "", [Tag("lora", "tom", 1.0, 0.9)]),
        ("<lora:tom:te=0.5>", "", [Tag("lora", "tom", 0.5)]),
        ("<lora:tom:0.5:unet=1>", "", [Tag("lora", "tom", 0.5, 1.0)]),
        ("<lora:tom:0.5:inf>", "<lora:tom:0.5:inf>", []),
        ("<lora:我的猫 v2:1.5>", "", [Tag("lora", "我的猫 v2", 1.5)]),
        ("<lora:a:1><lora:b:2>", "", [Tag("lora", "a", 1), Tag("lora", "b", 2)]),
        ("<other:x:1>", "", [Tag("other", "x", 1)]),
        ("<lora:tom:much>", "<lora:tom:much>", []),
        ("<lora:tom:nan>", "<lora:tom:nan>", []),
        ("a <3 b :> <lora:> c", "a <3 b :> <lora:> c", []),
    ],
)
def test_tags_are_taken_out_of_the_prompt(prompt, text, tags):
    assert split_tags(prompt) == (text, tags)


def test_a_tag_is_written_as_it_is_read():
    for tag in (Tag("lora", "tom", 0.85), Tag("hypernet", "我 x", -1.0), Tag("lora", "a_b-c"),
                Tag("lora", "a", 0.5, -0.25)):  # fmt: skip
        assert split_tags(str(tag)) == ("", [tag])
    assert str(Tag("lora", "tom", 1.0)) == "<lora:tom:1>"


def text(*ids: int, weight: float = 1.0) -> TokenPiece:
    return TokenPiece(ids, weight, whole=False)


def word(count: int, weight: float = 1.0) -> TokenPiece:
    return TokenPiece(tuple(-n for n in range(1, count + 1)), weight, whole=True)


def chunked(*pieces) -> list[list[int]]:
    found = make_chunks(pieces, COMMA)
    assert all(len(chunk.ids) == len(chunk.weights) <= 75 for chunk in found)
    return [chunk.ids for chunk in found]


def test_a_prompt_of_nothing_is_one_empty_chunk():
    assert make_chunks([], COMMA) == [Chunk([], [])]
    assert make_chunks([text()], COMMA) == [Chunk([], [])]


def test_seventy_five_tokens_fill_a_chunk_and_the_next_begins_another():
    assert chunked(text(*range(1000, 1075))) == [list(range(1000, 1075))]
    assert chunked(text(*range(1000, 1076))) == [list(range(1000, 1075)), [1075]]


def test_weights_go_with_their_tokens_over_the_end_of_a_chunk():
    found = make_chunks([text(*[1] * 70, weight=1.1), text(*[2] * 10, weight=0.5)], COMMA)
    assert found[0].weights == [1.1] * 70 + [0.5] * 5
    assert found[1].weights == [0.5] * 5


@pytest.mark.parametrize(
    ("before", "after", "lengths"),
    [
        (60, 20, [61, 20]),  # the comma is the 15th from the end: all after it moves on
        (55, 30, [56, 30]),  # the 20th from the end: just near enough
        (54, 30, [75, 10]),  # the 21st: too far
        (74, 10, [75, 10]),  # the comma ends the chunk by itself
        (75, 10, [75, 11]),  # the comma is the first that overflows: it opens the next chunk
        (0, 80, [75, 6]),
    ],
)
def test_a_chunk_that_overflows_ends_at_a_near_comma(before, after, lengths):
    ids = [*[1] * before, COMMA, *[2] * after]
    found = chunked(text(*ids))
    assert [len(chunk) for chunk in found] == lengths
    assert [token for chunk in found for token in chunk] == ids


def test_weights_move_on_with_the_tokens_behind_a_comma():
    pieces = [text(*[1] * 60, COMMA), text(*[2] * 20, weight=1.3)]
    assert make_chunks(pieces, COMMA)[1].weights == [1.3] * 20


def test_a_full_chunk_is_not_cut_at_its_comma_when_a_comma_comes_next():
    ids = [*[1] * 60, COMMA, *[2] * 14, COMMA, 3]
    assert chunked(text(*ids)) == [ids[:75], [COMMA, 3]]


def test_a_comma_of_an_earlier_chunk_ends_no_later_one():
    found = chunked(text(*[1] * 70, COMMA, *[2] * 80))
    assert [len(chunk) for chunk in found] == [71, 75, 5]


def test_a_taught_word_is_never_torn_apart():
    assert chunked(text(*[1] * 70), word(8)) == [[1] * 70, list(word(8).ids)]
    assert chunked(text(*[1] * 67), word(8)) == [[1] * 67 + list(word(8).ids)]
    # A full chunk still goes back to its comma for the word.
    found = chunked(text(*[1] * 60, COMMA, *[2] * 14), word(3))
    assert found == [[1] * 60 + [COMMA], [2] * 14 + list(word(3).ids)]


def test_a_word_that_moves_on_behind_a_comma_stays_whole():
    found = chunked(text(*[1] * 58, COMMA), word(6), text(*[2] * 20))
    assert found == [[1] * 58 + [COMMA], [*word(6).ids, *[2] * 20]]


def test_a_word_longer_than_a_chunk_fills_as_many_as_it_needs():
    assert [len(chunk) for chunk in chunked(word(80))] == [75, 5]


def test_break_ends_a_chunk_however_full_it_is():
    assert chunked(text(1), BREAK, text(2)) == [[1], [2]]
    assert chunked(BREAK, text(2)) == [[], [2]]
    assert chunked(text(1), BREAK) == [[1]]
    assert chunked(text(1), BREAK, BREAK, text(2)) == [[1], [], [2]]
    assert chunked(text(*[1] * 75), BREAK, text(2)) == [[1] * 75, [2]]


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("[a cat:a dog:0.5]", ["[a cat:a dog:0.5]"]),
        ("a [cat:10] and [dog::0.3]", ["[cat:10]", "[dog::0.3]"]),
        ("a [cat|dog] here", ["[cat|dog]"]),
        ("a cat AND a dog AND a cow", ["AND"]),
        ("__colour__ cat, {red|blue} hat", ["__colour__", "{red|blue}"]),
        ("__a/b-c__", ["__a/b-c__"]),
    ],
)
def test_what_other_programs_do_with_a_prompt_and_this_one_does_not_is_found(prompt, pieces):
    assert not_done(prompt) == pieces


@pytest.mark.parametrize("prompt", [
    "", "a [cat], a (dog:1.2), [[sky]]", r"\[a|b\] \[a:b:0.5\]", "BREAK", "and", "ANDROID",
    "my__word", "{sks} cat", "time 10:30", "[time: noon]", "(a:0.5)", "a|b",
])  # fmt: skip
def test_ordinary_brackets_and_words_are_nothing_to_speak_of(prompt):
    assert not_done(prompt) == []

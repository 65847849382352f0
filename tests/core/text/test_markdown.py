"""Hostile texts in Markdown, read by a Markdown parser of its own."""

import re

import pytest

from spatialcore.core.text.markdown import code, escape

HOSTILE = [
    "[x](javascript:alert(1))",
    "![x](http://evil.example/pixel.png)",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "a | b",
    "`code` and ``more``",
    "**bold** _it_ ~~gone~~",
    "# heading",
    "- item",
    "1. item",
    "2) item",
    "> quote",
    "&lt;b&gt; &amp;",
    "back\\slash\\|",
    "<http://evil.example>",
    "[ref]: http://evil.example",
    "http://evil.example/a?b=c&d",
    "HTTPS://EVIL.EXAMPLE",
    "www.evil.example/x",
    "a@evil.example",
    "mailto:a@evil.example",
    "ftp://evil.example",
]


def inline_text(markdown: str) -> str:
    """Return what a reader sees of one line, and fail where it is more than text."""
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark", {"html": True}).enable("table")
    opened, inline, closed = parser.parse(markdown)
    assert (opened.type, closed.type) == ("paragraph_open", "paragraph_close")
    assert {child.type for child in inline.children} <= {"text", "text_special", "code_inline"}
    return "".join(child.content for child in inline.children)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_as_it_is(text: str) -> None:
    assert inline_text(escape(text)) == text
    assert inline_text(f"see {code(text)}").replace("\\|", "|").removeprefix("see ") == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_in_its_cell(text: str) -> None:
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
    for shown in (escape(text), code(text)):
        tokens = parser.parse(f"| a | b |\n|---|---|\n| {shown} | 2 |\n")
        cells = [token for token in tokens if token.type == "td_open"]
        inline = [token for token in tokens if token.type == "inline"][2:]
        assert len(cells) == 2
        assert inline[1].content == "2"
        assert "".join(child.content for child in inline[0].children) == text


@pytest.mark.parametrize("text", [text for text in HOSTILE if "evil" in text.lower()])
def test_an_address_is_not_made_a_link(text: str) -> None:
    """GitHub's Markdown links what begins like an address, unless a backslash is in it."""
    plain = re.sub(r"\\.", " ", escape(f"see {text}")).lower()
    assert not re.search(r"://|www\.|\S@\S|mailto:\S", plain)


def test_a_line_break_does_not_end_a_heading_or_a_row() -> None:
    assert escape("a\n\n# b\r| c") == "a # b \\| c"
    assert code("a\nb") == "`a b`"


def test_names_of_cell_types_are_not_cluttered() -> None:
    for name in ("CD8-positive, alpha-beta T cell", "natural killer cell (CD16+)", "B cell #2!"):
        assert escape(name) == name

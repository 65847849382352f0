"""Special characters in Markdown, checked with an independent parser."""

import re

import pytest

from spatialcore.core.text.markdown import code, escape

SPECIAL_TEXTS = [
    "[x](javascript:alert(1))",
    "![x](http://other.example/pixel.png)",
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
    "<http://other.example>",
    "[ref]: http://other.example",
    "http://other.example/a?b=c&d",
    "HTTPS://OTHER.EXAMPLE",
    "www.other.example/x",
    "a@other.example",
    "mailto:a@other.example",
    "ftp://other.example",
]


def inline_text(markdown: str) -> str:
    """Return the visible text of one line; fail if it has markup."""
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark", {"html": True}).enable("table")
    opened, inline, closed = parser.parse(markdown)
    assert (opened.type, closed.type) == ("paragraph_open", "paragraph_close")
    assert {child.type for child in inline.children} <= {"text", "text_special", "code_inline"}
    return "".join(child.content for child in inline.children)


@pytest.mark.parametrize("text", SPECIAL_TEXTS)
def test_special_characters_are_shown_unchanged(text: str) -> None:
    assert inline_text(escape(text)) == text
    assert inline_text(f"see {code(text)}").replace("\\|", "|").removeprefix("see ") == text


@pytest.mark.parametrize("text", SPECIAL_TEXTS)
def test_special_characters_do_not_end_a_table_cell(text: str) -> None:
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
    for shown in (escape(text), code(text)):
        tokens = parser.parse(f"| a | b |\n|---|---|\n| {shown} | 2 |\n")
        cells = [token for token in tokens if token.type == "td_open"]
        inline = [token for token in tokens if token.type == "inline"][2:]
        assert len(cells) == 2
        assert inline[1].content == "2"
        assert "".join(child.content for child in inline[0].children) == text


@pytest.mark.parametrize("text", [text for text in SPECIAL_TEXTS if "other.example" in text.lower()])
def test_a_url_is_not_converted_to_a_link(text: str) -> None:
    """GitHub's Markdown converts URLs to links unless they contain a backslash."""
    plain = re.sub(r"\\.", " ", escape(f"see {text}")).lower()
    assert not re.search(r"://|www\.|\S@\S|mailto:\S", plain)


def test_a_line_break_does_not_end_a_heading_or_a_row() -> None:
    assert escape("a\n\n# b\r| c") == "a # b \\| c"
    assert code("a\nb") == "`a b`"


def test_names_of_cell_types_need_no_escapes() -> None:
    for name in ("CD8-positive, alpha-beta T cell", "natural killer cell (CD16+)", "B cell #2!"):
        assert escape(name) == name

"""Names of samples, tissues and models: which are refused, and their form in paths."""

import re
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialcore.core.text.names import MAX_LENGTH, SCHEMA, checked_name, is_derived, key_of, slug_of
from spatialcore.errors import InputError

REFUSED = [
    "",
    "   ",
    ".",
    "..",
    "../../../other",
    ".hidden",
    "a/b",
    "a\\b",
    "/etc/passwd",
    "a\nb",
    "a\x00b",
    "a\u2028b",
    "a\u202eb",
    "\u200b",
    "lung\u200b",
    "lu\u00adng",
    "lung\ufeff",
    "\u3164",
    "\u2800",
    "x" * 300,
]


@pytest.mark.parametrize("name", REFUSED)
def test_names_that_could_be_paths_or_are_unreadable_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"^the sample (?s:.*)\n  -> give 1 to 100 characters"):
        slug_of(name, "the sample")


@pytest.mark.parametrize("name", [name for name in REFUSED if name.strip(" \u2800\u3164")])
def test_a_form_refuses_the_same_names(name: str) -> None:
    fits = re.search(str(SCHEMA["pattern"]), name) and len(name) <= int(SCHEMA["maxLength"])
    assert not fits or not name.isprintable(), "not expressible in a short schema"


@pytest.mark.parametrize("name", ["lung", "Sample_1", "blood-2.v3", "A", "9"])
def test_a_plain_name_is_its_slug(name: str) -> None:
    assert slug_of(name) == name
    assert not is_derived(slug_of(name))


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("bone marrow", "bone-marrow"),
        ("Mäuse", "Mause"),
        ("α", "alpha"),
        ("骨髓", "name"),
        ("manifest.json", "manifest.json"),
        ("CON", "CON"),
        ("nul.h5ad", "nul-h5ad"),
        ("lung.", "lung"),
        ("\uff0e\uff0e", "name"),  # full-width dots
        ("$(id)", "id"),
        ("--help", "help"),
    ],
)
def test_an_unusual_name_has_a_readable_slug(name: str, readable: str) -> None:
    assert re.fullmatch(re.escape(readable) + "~[0-9a-f]{10}", slug_of(name))
    assert is_derived(slug_of(name))


def test_unicode_forms_of_one_name_are_equal() -> None:
    assert slug_of("Mäuse") == slug_of("Ma\u0308use")
    assert checked_name(" Ma\u0308use ") == "Mäuse"
    assert slug_of("Å") == slug_of("\u212b") == slug_of("A\u030a")


@pytest.mark.parametrize("hidden", ["\u3164", "\ufe0f", "\u2800", "\U000e0101", "\u034f", "\u115f"])
def test_invisible_characters_are_ignored(hidden: str) -> None:
    assert slug_of(f"lu{hidden}ng{hidden}") == "lung"


@pytest.mark.parametrize(
    "name",
    ["COM1", "com1.txt", "lpt9.h5ad", "Aux", "CON.", "PRN.a.b", "CONIN$", "COM¹", "a.", "a . ", "con .txt", "a:b"],
)
def test_slugs_are_valid_file_names_on_windows(name: str) -> None:
    slug = slug_of(name)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*~[0-9a-f]{10}", slug)
    assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)([.].*)?", slug)


def test_names_of_similar_appearance_have_different_slugs() -> None:
    names = ["lung", "1ung", "Iung", "\u217cung", "lun\u0261", "ｌｕｎｇ", "lung-1", "lung 1", "lung_1", "ﬁ", "fi"]
    assert len({slug_of(name).casefold() for name in names}) == len(names)


@given(st.lists(st.text(ascii_letters + digits + " -_.äα~|", min_size=1, max_size=12), min_size=2, max_size=8))
def test_two_names_never_have_one_slug_or_one_key(texts: list[str]) -> None:
    names = {checked_name(text) for text in texts if text.strip() and not text.strip().startswith(".")}
    assert len({slug_of(name) for name in names}) == len(names)
    assert len({key_of(name) for name in names}) == len(names)


@given(st.text(min_size=1, max_size=MAX_LENGTH))
def test_a_slug_is_one_part_of_a_path_and_a_key_is_valid_in_prefect(name: str) -> None:
    try:
        slug = slug_of(name)
    except InputError:
        return
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.~-]*", slug)
    assert len(slug) <= MAX_LENGTH
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key_of(name))


def test_keys_of_artifacts_are_unchanged_for_plain_names() -> None:
    assert key_of("blood") == "blood"
    assert key_of("blood", "pbmc-1") == "blood-pbmc-1"

"""Messages for invalid settings: value and expectation, path, and similar names and values."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spatialcore.core.text.setting_faults import fault_texts, path_of, similar_names


class Part(BaseModel):
    uri: str = Field(min_length=1)


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")

    n: int = Field(1, ge=0)
    share: float = Field(0.5, gt=0, lt=1, allow_inf_nan=False)
    flag: bool = True
    kind: Literal["logistic", "celltypist"] = "logistic"
    parts: list[Part] = Field([], max_length=3)
    shares: dict[str, float] | str | None = None
    names: list[str] = Field(["a"], min_length=1)


def messages_of(content: object) -> list:
    with pytest.raises(ValidationError) as error:
        Model.model_validate(content)
    return error.value.errors()


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ({"n": "many"}, ["n is 'many', expected an integer"]),
        ({"n": 2.5}, ["n is 2.5, expected an integer"]),
        ({"n": -1}, ["n is -1, expected at least 0"]),
        ({"share": "high"}, ["share is 'high', expected a number"]),
        ({"share": 1.0000000001}, ["share is 1, expected less than 1"]),
        ({"share": 0}, ["share is 0, expected more than 0"]),
        ({"share": float("nan")}, ["share is nan, expected a finite number"]),
        ({"flag": "maybe"}, ["flag is 'maybe', expected true or false"]),
        ({"kind": "logistc"}, ["kind is 'logistc', expected 'logistic' or 'celltypist'"]),
        ({"parts": "a"}, ["parts is 'a', expected a list"]),
        ({"parts": ["a"]}, ["parts.0 is 'a', expected a mapping of settings"]),
        ({"parts": [{"uri": ""}]}, ["parts.0.uri is '', expected at least 1 character"]),
        ({"parts": [{}]}, ["parts.0.uri is missing"]),
        ({"names": []}, ["names is [], expected at least 1 entry"]),
        ({"shares": {"a": "x"}}, ["shares.a is 'x', expected a number"]),
        ({"shares": 5}, ["shares is 5, expected a mapping or text"]),
        ({"m": 1, "flag": 7}, ["flag is 7, expected true or false", "unknown setting m"]),
        ("text", ["the configuration is 'text', expected a mapping of settings"]),
    ],
)
def test_texts(content, texts):
    assert fault_texts(messages_of(content)) == texts


def test_no_message_has_the_wording_of_pydantic():
    wrong = {"n": [], "share": {}, "flag": [], "kind": 3, "parts": [3, {"uri": 5}], "shares": [], "names": "a", "x": 1}
    text = " ".join(fault_texts(messages_of(wrong)))
    assert not any(words in text for words in ("Input should", "Field required", "constrained", "extra inputs"))
    assert all(name in text for name in wrong)


def test_paths_and_similar_names():
    assert path_of(messages_of({"shares": {"str": "x"}})[0]) == "shares"
    assert path_of(messages_of({"parts": [{}]})[0]) == "parts.0.uri"
    titles = {"random_state": "Seed", "species": "Species"}
    assert similar_names(messages_of({"seed": 1})[0], titles) == ["random_state"]
    assert similar_names(messages_of({"specis": 1})[0], titles) == ["species"]
    assert similar_names(messages_of({"zzz": 1})[0], titles) == []
    assert similar_names(messages_of({"kind": "logistc"})[0], titles) == ["logistic"]
    assert similar_names(messages_of({"n": -1})[0], titles) == []

"""What is wrong with a field is said in the reader's language, with its limit."""

import pytest

from guanjia.kit.errors import Invalid
from guanjia.kit.http import failure
from guanjia.kit.http.app import _field
from guanjia.kit.words import Words


@pytest.mark.parametrize(
    ("message", "name", "zh", "en"),
    [
        (
            "Expected `str` of length >= 8 - at `$.password`",
            "password",
            "至少 8 个字符（项）",
            "At least 8 characters (items)",
        ),
        (
            "Expected `array` of length <= 20 - at `$.tags`",
            "tags",
            "最多 20 个字符（项）",
            "At most 20 characters (items)",
        ),
        ("Expected `int` >= 1 - at `$.capacity`", "capacity", "不能小于 1", "Not less than 1"),
        ("Expected `int` <= 99 - at `$.capacity`", "capacity", "不能大于 99", "Not more than 99"),
        ("Expected `str` matching regex 'x' - at `$.login`", "login", "格式不正确", "Not in the right form"),
        ("Invalid enum value 'x' - at `$.mode`", "mode", "请从给出的选项中选择", "Choose one of the given values"),
        ("Expected `str`, got `int` - at `$.name`", "name", "内容的类型不正确", "Of the wrong type"),
        ("Object missing required field `name`", "name", "缺少这一项", "Missing"),
        ("Object contains unknown field `x`", "x", "没有这个字段", "No such field"),
    ],
)
def test_a_field_s_fault_has_words(message: str, name: str, zh: str, en: str) -> None:
    field, reason = _field("data", message)
    assert field == name
    for language, words in (("zh-CN", zh), ("en", en)):
        status, _headers, body = failure(Invalid(fields={field: reason}), Words([]), language)
        assert status == 422
        assert f'"{name}":"{words}"'.encode() in body

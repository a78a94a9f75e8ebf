"""Personal data in Chinese and English: found where it is, left alone where it is none."""

import pytest

from kb_app.services.training.personal_data import Masker, find_personal_data, is_identity_card


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in find_personal_data(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请联系王小明先生，电话 138-1234-5678。", [("name", "王小明"), ("phone", "138-1234-5678")]),
        ("联系人：欧阳娜娜，座机 010-62345678", [("name", "欧阳娜娜"), ("phone", "010-62345678")]),
        ("身份证 11010519491231002X 已核验", [("id_number", "11010519491231002X")]),
        ("邮箱zhang.san+kb@example.com.cn，谢谢", [("email", "zhang.san+kb@example.com.cn")]),
        ("我叫李雷", [("name", "李雷")]),
        ("Ask Dr. Jane O'Neil or call (415) 555-2671.", [("name", "Jane O'Neil"), ("phone", "(415) 555-2671")]),
        ("Name: John A. Smith, SSN 123-45-6789", [("name", "John A. Smith"), ("id_number", "123-45-6789")]),
        ("Call +44 20 7946 0958 or +86 13812345678", [("phone", "+44 20 7946 0958"), ("phone", "+86 13812345678")]),
    ],
)
def test_it_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "绿茶用八十度的水冲泡，2024-05-01 更新，版本 1.2.3。",
        "订单号 110105194912310021",  # eighteen digits whose check digit is wrong
        "ISBN 978-7-121-12345-6，共 13812345 个",
        "王先生的名字没有写全不要紧"[3:],
        "In 2023 revenue was 415.555 million; see 3.14159 and 10.1000/182.",
        "a@b is no address, and SSN 000-12-3456 is none",
    ],
)
def test_other_numbers_and_words_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_the_check_digit_and_the_date_of_an_identity_card_count() -> None:
    assert is_identity_card("11010519491231002X")
    assert is_identity_card("11010519491231002x")
    assert not is_identity_card("110105194912310021")
    assert not is_identity_card("11010519491331002X")


def test_the_same_value_gets_the_same_placeholder_everywhere() -> None:
    masker = Masker()
    assert masker.mask("13812345678 和 13912345678") == "[PHONE_1] 和 [PHONE_2]"
    assert masker.mask("再打 13912345678，或写信 a.b@example.com") == "再打 [PHONE_2]，或写信 [EMAIL_1]"

import random

import pytest

from ingestion.errors import BinaryError
from ingestion.load.encoding import decode

SIMPLIFIED = (
    "机器学习研究如何通过计算的手段，利用经验来改善系统自身的性能。在计算机系统中，经验通常以数据的形式存在，"
    "因此机器学习所研究的主要内容，是关于在计算机上从数据中产生模型的算法，即学习算法。"
)
TRADITIONAL = (
    "機器學習研究如何通過計算的手段，利用經驗來改善系統自身的性能。在計算機系統中，經驗通常以數據的形式存在，"
    "因此機器學習所研究的主要內容，是關於在計算機上從數據中產生模型的演算法，即學習演算法。"
)
JAPANESE = "これは日本語の文章です。私たちは毎日学校へ行きます。新しい技術を使って、情報を検索する方法を説明します。"
KOREAN = "이것은 한국어 문장입니다. 우리는 매일 학교에 갑니다. 새로운 기술을 사용하여 정보를 검색합니다."
GERMAN = "Die schönste Zeit für uns war natürlich im Frühling, während die Vögel über den Häusern flogen."
CODE = "# 标题\n\n```python\nfor i in range(10):\n    print(i)  # 打印\n```\n\n运行上面的代码即可得到结果。\n"


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8"),
        (SIMPLIFIED, "utf-16", "utf-16"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (SIMPLIFIED, "utf-16-be", "utf-16-be"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (CODE, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5hkscs"),
        (TRADITIONAL, "utf-16-le", "utf-16-le"),
        (TRADITIONAL, "gb18030", "gb18030"),
        (JAPANESE, "cp932", "cp932"),
        (JAPANESE, "euc_jp", "euc_jp"),
        (KOREAN, "euc_kr", "euc_kr"),
        (GERMAN, "cp1252", "cp1252"),
        (GERMAN, "utf-16-le", "utf-16-le"),
        ("Привет, мир! Это обычный русский текст для проверки.", "cp1251", "cp1251"),
        ("plain ASCII", "ascii", "utf-8"),
    ],
)
def test_encoding_is_found(text, encoding, name):
    decoded = decode(text.encode(encoding))
    assert (decoded.text, decoded.encoding, decoded.is_certain) == (text, name, True)


@pytest.mark.parametrize("length", [30, 60])
def test_short_pieces(length):
    for start in range(0, len(SIMPLIFIED) - length, 5):
        piece = SIMPLIFIED[start : start + length]
        assert decode(piece.encode("gb18030")).text == piece
        piece = TRADITIONAL[start : start + length]
        assert decode(piece.encode("big5")).text == piece


def test_damaged_utf8_stays_utf8():
    data = bytearray((SIMPLIFIED * 5).encode())
    data[300] = 0xFF
    decoded = decode(bytes(data[:-1]))
    assert decoded.encoding == "utf-8"
    assert 1 <= decoded.replaced_count <= 4
    assert decoded.text[:90] == SIMPLIFIED[:90]


def test_gb18030_cut_at_its_end():
    decoded = decode((SIMPLIFIED * 5).encode("gb18030")[:-1])
    assert decoded.encoding == "gb18030"
    assert decoded.text[:-1] == (SIMPLIFIED * 5)[:-1]


def test_one_odd_letter_in_english_utf16():
    text = "The Polish letter \u0142 stands in this otherwise plain English sentence."
    assert decode(text.encode("utf-16-le")).text == text


def test_one_accent_in_a_long_english_text_is_not_damaged_utf8():
    text = "The café is open. " + "It serves plain words all day long. " * 40
    assert decode(text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"PK\x03\x04" + bytes(range(256)) * 4,
        bytes(1000),
        random.Random(1).randbytes(5000),
        b"\x7fELF\x02\x01\x01" + bytes(64),
    ],
)
def test_binary_is_refused(data):
    with pytest.raises(BinaryError):
        decode(data)

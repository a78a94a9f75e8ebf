import pytest

from kb_app.services.answers.citations import resolve


@pytest.mark.parametrize(
    ("text", "count", "expected", "markers"),
    [
        ("A fact [1]. Another [2].", 2, "A fact [1]. Another [2].", (1, 2)),
        ("见【1】和【2，3】。", 3, "见[1]和[2][3]。", (1, 2, 3)),
        ("Both [1, 2].", 2, "Both [1][2].", (1, 2)),
        ("Invented [9] and real [1].", 1, "Invented and real [1].", (1,)),
        ("这句没有出处 [9]。", 3, "这句没有出处。", ()),
        ("见[来源1]、[Source 2] 和[^3]，[资料 9]。", 3, "见[1]、[2] 和[3]，。", (1, 2, 3)),
        ("All of them [1-3], or [2–3; 1].", 3, "All of them [1][2][3], or [2][3][1].", (1, 2, 3)),
        ("It takes [3-5] days, [5-3] never.", 4, "It takes [3-5] days, [5-3] never.", ()),
        ("Half [1, 9].", 1, "Half [1].", (1,)),
        ("A link [1](http://x) stays.", 1, "A link [1](http://x) stays.", ()),
        ("`a[1]` and\n```\nb[2] = c[7]\n```\n[2]", 2, "`a[1]` and\n```\nb[2] = c[7]\n```\n[2]", (2,)),
        ("An open fence\n```\nx[5]", 1, "An open fence\n```\nx[5]", ()),
        ("Based on Ray[1].", 1, "Based on Ray[1].", (1,)),
        ("取值范围为 [0, 1]，arr[10] 和 x[0]，见[2]。", 3, "取值范围为 [0, 1]，arr[10] 和 x[0]，见[2]。", (2,)),
        ("公式 $a[1]$ 与 $$\nb[2]\n$$ [1]", 2, "公式 $a[1]$ 与 $$\nb[2]\n$$ [1]", (1,)),
        (r"The document's own \[1\] [2].", 2, r"The document's own \[1\] [2].", (2,)),
        ("[1][9][2]", 2, "[1][2]", (1, 2)),
        ("Nothing cited.", 3, "Nothing cited.", ()),
    ],
)
def test_markers_point_at_a_passage_or_are_gone(text, count, expected, markers):
    assert resolve(text, count) == (expected, markers)

import pytest

from ingestion.load.gate import UNREADABLE_ABOVE, garbage_share


@pytest.mark.parametrize(
    "text",
    [
        "机器学习研究如何通过计算的手段，利用经验来改善系统自身的性能。",
        "Plain English with ﬁne ligatures and naïve café accents.",
        "L'été à Nîmes était très agréable où les élèves étaient déjà là.",
        "これは日本語の文章です。東京は日本の首都です。",
        "f(x) = Σ wᵢxᵢ + b, \uf8eb\uf8ec\uf8ed ≤ 3.14 \uf0b7 item",
        "\uf774\uf768\uf765 \uf776\uf761\uf76c\uf76c\uf765\uf779 of \uf731\uf738\uf734\uf738",
        "Languages: English, Русский, العربية, עברית, हिन्दी, ไทย, 한국어, Ελληνικά, 中文, 日本語, বাংলা, தமிழ், ქართული",
        "scikit\x02learn and other hyphen\x02ated words",
        "àáâãäåæçèéêë",
        "ab",
        "",
    ],
)
def test_writing_passes(text):
    assert garbage_share(text) <= UNREADABLE_ABOVE


@pytest.mark.parametrize(
    "text",
    [
        "\x05\x06\x07\x08\x0e\x0f\x10\x11 ab \x12\x13\x14",
        "/g37/g3/g55/g72/g91/g87 /g44/g86",
        "Îãëàâëåíèå ÷àñòü ïåðâàÿ",
        "\ue001\ue002\ue003\ue004\ue005 x",
        "భ࿽ ᇛᆽ޿঺ഽ ꭱ ଙ ᄫ",
        "тѢӉׇѢҠెవา ႌၦ دروس ՍҧѢ ՍҪ٬ٚ֞ راتѢإ ීයెవ Version 1.0 pas-cours Սֻ֞اٯࢱ",
        "䋴䋮䋶糫蒭鍍伴俘緌勢渡袱糫䋴䋮䋶糫",
    ],
)
def test_debris_does_not(text):
    assert garbage_share(text) > UNREADABLE_ABOVE

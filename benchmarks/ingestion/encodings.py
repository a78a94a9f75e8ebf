"""Encoding accuracy on real texts: ``python benchmarks/ingestion/encodings.py DATA [--length 100]``.

DATA holds ``cmrc2018_dev.json``, ``xquad.en.json`` and ``datawhale_kb``. A hit is a decoded text that equals the
original exactly, over 100 random pieces per row. Traditional Chinese is made with OpenCC where it is installed
(no dependency of the product), Japanese and Korean from a few sentences below.
"""

import argparse
import json
import random
from pathlib import Path

import source_tree  # noqa: F401 - before our own packages

from ingestion.errors import BinaryError
from ingestion.load.encoding import decode

_PIECES = 100
_SEED = 20261122
_JAPANESE = (
    "これは日本語の文章です。私たちは毎日学校へ行きます。新しい技術を使って、情報を検索する方法を説明します。"
    "東京は日本の首都であり、多くの人々が住んでいます。カタカナのデータベースも使います。明日は晴れるでしょう。\n"
)
_KOREAN = (
    "이것은 한국어 문장입니다. 우리는 매일 학교에 갑니다. 새로운 기술을 사용하여 정보를 검색하는 방법을 설명합니다. "
    "서울은 대한민국의 수도이며 많은 사람들이 살고 있습니다.\n"
)
_GERMAN = (
    "Die schönste Zeit für uns war natürlich im Frühling. Größe und Maß der Straße waren müßig. Übrigens hörte er "
    "die Glocken, während die Vögel über den Häusern flogen.\n"
)
_FRENCH = (
    "L'été dernier, nous sommes allés à la plage près de Nîmes. Ça c'était très agréable, et les élèves étaient "
    "contents où qu'ils fussent. Noël, façade, cœur.\n"
)
_RUSSIAN = (
    "Это русский текст. Мы каждый день ходим в школу. Москва является столицей России, здесь живёт много людей.\n"
)


def texts(data: Path) -> dict[str, tuple[str, list[str]]]:
    """Return name -> (text, encodings to try it in)."""
    chinese = "\n".join(_contexts(json.loads((data / "cmrc2018_dev.json").read_text(encoding="utf-8"))))
    english = "\n".join(_contexts(json.loads((data / "xquad.en.json").read_text(encoding="utf-8"))))
    lessons = sorted((data / "datawhale_kb" / "prompt_engineering").glob("*.md"))
    markdown = "\n".join(path.read_text(encoding="utf-8") for path in lessons)
    unicode_forms = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
    found = {
        "Chinese, simplified": (chinese, [*unicode_forms, "gb18030", "gbk"]),
        "Chinese Markdown": (markdown, ["utf-8", "utf-16-le", "gbk"]),
        "English": (english, ["utf-8", "utf-16-le", "cp1252"]),
        "German": (_GERMAN * 100, ["cp1252", "latin-1"]),
        "French": (_FRENCH * 100, ["cp1252"]),
        "Japanese": (_JAPANESE * 100, ["cp932", "euc_jp", "utf-16-le"]),
        "Korean": (_KOREAN * 100, ["euc_kr"]),
        "Russian": (_RUSSIAN * 100, ["cp1251"]),
    }
    try:
        from opencc import OpenCC
    except ImportError:
        return found
    found["Chinese, traditional"] = (OpenCC("s2tw").convert(chinese), ["utf-8", "big5", "gb18030", "utf-16-le"])
    return found


def _contexts(node: object) -> list[str]:
    """Return every passage of a SQuAD-like tree."""
    if isinstance(node, list):
        return [text for item in node for text in _contexts(item)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("context", "context_text") if isinstance(node.get(key), str)]
    return own + [text for value in node.values() for text in _contexts(value)]


def hits(text: str, encoding: str, length: int) -> int:
    """Return how many of 100 pieces are decoded exactly."""
    rng = random.Random(_SEED)
    text = text.encode(encoding, errors="ignore").decode(encoding).lstrip("\ufeff")
    found = 0
    for _ in range(_PIECES):
        start = rng.randrange(len(text) - length)
        piece = text[start : start + length]
        try:
            found += decode(piece.encode(encoding)).text == piece
        except BinaryError:
            continue
    return found


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--length", type=int, nargs="+", default=[30, 100, 2000])
    arguments = parser.parse_args()
    print("| text | encoding | " + " | ".join(f"{length} characters" for length in arguments.length) + " |")
    print("|---|---|" + "---|" * len(arguments.length))
    total = [0] * len(arguments.length)
    rows = 0
    for name, (text, encodings) in texts(arguments.data).items():
        for encoding in encodings:
            found = [hits(text, encoding, length) for length in arguments.length]
            total = [a + b for a, b in zip(total, found, strict=True)]
            rows += 1
            print(f"| {name} | {encoding} | " + " | ".join(map(str, found)) + " |")
    print("| **mean** | | " + " | ".join(f"**{value / rows:.1f}**" for value in total) + " |")


if __name__ == "__main__":
    main()

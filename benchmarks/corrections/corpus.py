"""A base of invented corrections for the benchmarks: Chinese and English, with and without history and passages."""

import random
from pathlib import Path

from kb_app.app import App, build_app
from kb_app.models import ChatMessage, Correction, Source
from kb_app.settings import load_settings
from kb_app.storage.corrections import CorrectionRepository
from kb_app.storage.database import DATABASE_FILE, Database

_PLACES = (
    "龙井",
    "普洱",
    "安溪",
    "武夷",
    "祁门",
    "蒙顶",
    "信阳",
    "都匀",
    "太湖",
    "黄山",
    "君山",
    "福鼎",
    "英德",
    "六安",
)
_THINGS = (
    "水温",
    "产量",
    "等级",
    "价格",
    "采摘期",
    "海拔",
    "品种",
    "工艺",
    "香气",
    "储存",
    "包装",
    "土壤",
    "降雨",
    "检测",
)
_WORDS = ("tea", "leaf", "water", "warm", "keep", "store", "brew", "cup", "green", "black", "harvest", "price", "grade")


def corrections(base_id: str, count: int, seed: int = 5) -> list[Correction]:
    """Return ``count`` drafts; every tenth asks nearly what the one before it asked."""
    chance = random.Random(seed)
    made: list[Correction] = []
    for number in range(count):
        place, thing = chance.choice(_PLACES), chance.choice(_THINGS)
        question = f"{place}茶的{thing}在{number % 97 + 1}号茶园是怎样规定的？"
        if number % 3 == 1:
            question = f"What about {' '.join(chance.choices(_WORDS, k=6))} in garden {number}?"
        if number % 10 == 9:
            question = f"请问{made[-1].question}"
        history = ()
        if number % 4 == 0:
            history = (
                ChatMessage(role="user", content="先说说茶园。"),
                ChatMessage(role="assistant", content="茶园有很多 [1]。"),
            )
        sources = tuple(
            Source(
                marker=marker,
                base_id=base_id,
                document_id=f"d{number % 50}",
                document=f"茶-{number % 50}.md",
                chunk_id=f"d{number % 50}:{marker}",
                text=f"{place}茶的{thing}，第{number}条。" + "".join(chance.choices("茶水温度山川风月花鸟", k=280)),
                score=0.5,
            )
            for marker in (1, 2, 3)
        )
        made.append(
            Correction(
                id="",
                base_id=base_id,
                question=question,
                chosen=f"按第{number}条规定：{thing}以{place}标准为准 [1]。\n联系人：王小明，电话 138{number:08d}。",
                rejected=f"没有规定{thing}的标准 [2]。",
                history=history,
                sources=sources,
                support=sources[:1],
                status="approved",
            )
        )
    return made


def app_with_corrections(folder: Path, count: int) -> tuple[App, str]:
    """Return an open app and the id of its base of ``count`` approved corrections."""
    app = build_app(load_settings(folder))
    base = app.library.create("茶")
    CorrectionRepository(Database(folder / DATABASE_FILE)).add(corrections(base.id, count))
    return app, base.id

"""Conversations made up for tests."""

from kb_app.models import Cost, ErrorInfo, FellBack, Message, NewTurn, Rating, Source, Timing, Usage
from kb_app.services.conversations.exporting import ConversationExporter
from kb_app.services.conversations.history import History
from kb_app.services.conversations.importing import ConversationImporter
from kb_app.storage.conversation_imports import ConversationImports
from kb_app.storage.conversations import ConversationRepository, Turn
from kb_app.storage.database import Database
from kb_app.storage.message_index import MessageIndex
from kb_app.storage.shelf import ShelfRepository


class Shop:
    """Everything that works on conversations, over one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.conversations = ConversationRepository(database)
        self.history = History(self.conversations, ShelfRepository(database), MessageIndex(database))
        self.exporter = ConversationExporter(self.history, self.conversations)
        self.importer = ConversationImporter(ConversationImports(database))

    def say(self, question: str, answer: str = "", conversation_id: str | None = None, **more) -> Turn:
        """Save one turn; ``edited_id``, ``again_id`` and ``attachments`` go into it, the rest into the answer."""
        where = {name: more.pop(name) for name in ("edited_id", "again_id", "attachments") if name in more}
        turn = self.conversations.start_turn(
            NewTurn(
                conversation_id=conversation_id,
                question=question,
                title=question,
                base_ids=("b",),
                model_id="m",
                **where,
            )
        )
        fields = {"model_id": "m", "text": answer, **more}
        self.conversations.save_answer(
            Message(id=turn.answer_id, conversation_id=turn.conversation_id, role="assistant", **fields)
        )
        return turn


SOURCE = Source(
    marker=2, base_id="b", document_id="d", document="茶/<绿茶>.pdf", chunk_id="d:1", text="水温\n\n八十度 & more",
    score=0.9, page=4, heading=("第一章", "水温"), start=10, end=22,
)  # fmt: skip


PROBLEM = ErrorInfo(code="conversation_too_large", params={"limit_mb": 256})


def rich(shop: Shop) -> str:
    """Save a conversation with everything a conversation can have; return its id."""
    turn = shop.say(
        "绿茶的<b>水温</b>？",
        "八十度[2]，不是[7]。",
        attachments=("水壶.pdf",),
        sources=(SOURCE,),
        cited=(2,),
        confidence=0.75,
        thinking="想",
        query="绿茶 水温",
        usage=Usage(prompt_tokens=10, completion_tokens=5),
        timing=Timing(first_token_s=0.25, total_s=1.5),
        cost=Cost(amount=0.01, currency="CNY"),
        elapsed_s=1.5,
        fallback=FellBack(model_id="m", asked_model_id="n", error=PROBLEM),
        problems=(PROBLEM,),
        error=PROBLEM,
        correction_id="c",
        reuse="example",
    )
    shop.conversations.rate(turn.answer_id, Rating(verdict="bad", reasons=("invented",), note="不对", author="小李"))
    shop.say("And iced?", conversation_id=turn.conversation_id, status="failed", error=ErrorInfo(code="internal"))
    shop.say("红茶呢？", "九十度", turn.conversation_id, edited_id=turn.question_id)
    shop.say("", "九十五度", turn.conversation_id, again_id=turn.question_id)
    shop.conversations.show(turn.answer_id)
    shop.history.rename(turn.conversation_id, "茶: 水/温")
    shop.history.tag(turn.conversation_id, ["茶"])
    shop.history.pin(turn.conversation_id, True)
    return turn.conversation_id

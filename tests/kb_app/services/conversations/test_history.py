"""The list of conversations, and finding what was said in them, over a real database."""

import pytest

from kb_app.errors import NotFoundError
from kb_app.models import ConversationFilter, Message, NewTurn
from kb_app.services.conversations.history import EVERYDAY, History
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.database import Database
from kb_app.storage.message_index import MessageIndex
from kb_app.storage.migrate import migrate
from kb_app.storage.shelf import ShelfRepository

TRASH = ConversationFilter(shelf="deleted")


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "kb.sqlite3")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def conversations(database):
    return ConversationRepository(database)


@pytest.fixture
def history(database, conversations):
    return History(conversations, ShelfRepository(database), MessageIndex(database))


@pytest.fixture
def say(conversations):
    """Return a function that saves one turn and returns it."""

    def save(question, answer="", **more):
        turn = conversations.start_turn(
            NewTurn(
                **{"conversation_id": None, "title": question, "base_ids": ("b",), "model_id": "m", **more},
                question=question,
            )
        )
        conversations.save_answer(
            Message(id=turn.answer_id, conversation_id=turn.conversation_id, role="assistant", text=answer)
        )
        return turn

    return save


def titles(found):
    return [one.title for one in found]


def found(history, query, where=EVERYDAY):
    return [hit.conversation.title for hit in history.search(query, 10, where)]


def test_pinned_ones_come_first_then_the_newest(history, say):
    first, _, _ = (say(name) for name in ("old", "middle", "new"))
    assert titles(history.conversations()) == ["new", "middle", "old"]
    history.pin(first.conversation_id, True)
    assert titles(history.conversations()) == ["old", "new", "middle"]
    assert titles(history.conversations(limit=1, offset=1)) == ["new"]


def test_archived_ones_leave_the_list_and_come_back(history, say):
    turn = say("Kept for later")
    history.archive(turn.conversation_id, True)
    assert history.conversations() == []
    assert titles(history.conversations(where=ConversationFilter(shelf="archived"))) == ["Kept for later"]
    assert history.conversation(turn.conversation_id).archived
    history.archive(turn.conversation_id, False)
    assert titles(history.conversations()) == ["Kept for later"]


def test_tags_are_cleaned_listed_and_filtered_by(history, say):
    tea, bikes = say("Tea"), say("Bikes")
    history.tag(tea.conversation_id, [" 茶  文化 ", "", "hobby", "hobby"])
    history.tag(bikes.conversation_id, ["hobby"])
    assert history.conversation(tea.conversation_id).tags == ("茶 文化", "hobby")
    assert history.tags() == ["hobby", "茶 文化"]
    assert titles(history.conversations(where=ConversationFilter(tag="茶 文化"))) == ["Tea"]
    history.delete(tea.conversation_id)
    assert history.tags() == ["hobby"]


def test_questions_of_the_command_line_are_kept_apart_until_somebody_takes_them_up(history, say):
    asked = say("From a script", origin="cli")
    assert history.conversations() == []
    assert titles(history.conversations(where=ConversationFilter(origins=("cli",)))) == ["From a script"]
    say("And more", conversation_id=asked.conversation_id)
    assert titles(history.conversations()) == ["From a script"]


def test_a_deleted_one_is_nowhere_but_in_the_trash_and_comes_back_whole(history, say):
    turn = say("绿茶的水温", "八十度左右")
    history.tag(turn.conversation_id, ["茶"])
    history.delete(turn.conversation_id)
    assert history.conversations() == []
    assert found(history, "八十度") == found(history, "绿茶") == []
    assert titles(history.conversations(where=TRASH)) == ["绿茶的水温"]
    for act in (history.conversation, history.delete, lambda one: history.rename(one, "x")):
        with pytest.raises(NotFoundError):
            act(turn.conversation_id)
    history.restore(turn.conversation_id)
    assert found(history, "八十度") == ["绿茶的水温"]
    assert [message.text for message in history.messages(turn.conversation_id)] == ["绿茶的水温", "八十度左右"]


def test_the_trash_is_emptied_on_request_and_of_old_ones_by_itself(history, say, database):
    kept, fresh, old = say("kept"), say("fresh"), say("old")
    for turn in (fresh, old):
        history.delete(turn.conversation_id)
    with database.write() as session:
        session.connection().exec_driver_sql(
            "UPDATE conversations SET deleted_at = '2020-01-01T00:00:00.000000+00:00' WHERE title = 'old'"
        )
    history.tidy()
    assert titles(history.conversations(where=TRASH)) == ["fresh"]
    assert history.empty_trash() == 1
    assert history.count(TRASH) == 0
    with pytest.raises(NotFoundError):
        history.restore(fresh.conversation_id)
    assert titles(history.conversations()) == ["kept"]
    assert history.messages(kept.conversation_id)
    with database.read() as session:  # nothing of the others is left in the index
        count = session.connection().exec_driver_sql("SELECT count(*) FROM message_words").scalar()
    assert count == 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("水温", ["绿茶怎么泡？"]),
        ("綠茶", ["绿茶怎么泡？"]),  # traditional characters
        ("茶", ["绿茶怎么泡？"]),
        ("温水", []),  # the characters are there, the pair is not
        ("oiling chains", ["How often is a chain oiled?"]),  # stems
        ("C++", ["Is C++ older than torch.nn?"]),
        ("torch.nn", ["Is C++ older than torch.nn?"]),
        ("chain torch", []),  # no single message holds both
        ('"; DROP TABLE', []),
        ("   ", []),
    ],
)
def test_what_was_said_is_found_in_questions_and_answers(history, say, query, expected):
    say("绿茶怎么泡？", "水温八十度。")
    say("How often is a chain oiled?", "Every 200 km.")
    say("Is C++ older than torch.nn?", "Yes.")
    assert found(history, query) == expected


def test_a_hit_names_its_best_message_and_how_many_more_there_are(history, say):
    turn = say("Chain?", "A chain and another chain: keep every chain oiled.")
    say("And the brake?", "No chain there.", conversation_id=turn.conversation_id)
    [hit] = history.search("chain", 10)
    assert hit.conversation.id == turn.conversation_id
    assert hit.message.text == "Chain?"
    assert hit.more == 2


def test_a_title_is_found_too_and_filters_hold_for_the_search(history, say):
    turn = say("Hello", "Good morning")
    history.rename(turn.conversation_id, "100% Garden_plan")
    assert found(history, "garden_PLAN") == ["100% Garden_plan"]
    assert found(history, "100%") == ["100% Garden_plan"]
    assert found(history, "%") == ["100% Garden_plan"]
    assert found(history, "morning", ConversationFilter(tag="none")) == []
    history.archive(turn.conversation_id, True)
    assert found(history, "morning") == []
    assert found(history, "morning", ConversationFilter(shelf="archived")) == ["100% Garden_plan"]


def test_messages_of_an_earlier_version_are_found_after_tidying(history, say, database):
    say("How warm is the brood?", "35 degrees")
    with database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM indexed_messages")
    assert found(history, "degrees") == []
    history.tidy()
    assert found(history, "degrees") == ["How warm is the brood?"]
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE indexed_messages SET analyzer_version = 0")
    history.tidy()
    [hit] = history.search("degrees", 10)
    assert hit.more == 0  # not twice in the index


def test_a_view_is_a_stretch_of_the_branch(history, say):
    turn = say("0")
    for number in range(1, 10):
        last = say(str(number), conversation_id=turn.conversation_id)
    view = history.view(turn.conversation_id, 4)
    assert ([one.text for one in view.messages], view.earlier, view.later) == (["8", "", "9", ""], 16, 0)
    view = history.view(turn.conversation_id, 4, around=turn.question_id)
    assert ([one.text for one in view.messages], view.earlier, view.later) == (["0", "", "1", ""], 0, 16)
    view = history.view(turn.conversation_id, 4, around=last.question_id)
    assert ([one.text for one in view.messages], view.earlier, view.later) == (["", "9", ""], 17, 0)
    assert [one.text for one in history.before(last.question_id, 2)] == ["8", ""]

"""Conversations to files and back, over a real database; files of others, broken and hostile ones."""

import io
import json
import re
import threading
import zipfile
from dataclasses import fields
from html.parser import HTMLParser

import pytest
from said import Shop, rich
from waiting import until

from kb_app.errors import (
    BusyError,
    ConversationDamagedError,
    ConversationFileError,
    ConversationFormatError,
    ConversationNewerError,
    ConversationTooLargeError,
    NotFoundError,
)
from kb_app.models import ConversationFilter, Message
from kb_app.services.conversations import importing as conversations_import
from kb_app.services.conversations.chatgpt import from_chatgpt
from kb_app.services.conversations.exporting import file_name
from kb_app.services.conversations.importing import read_conversations
from kb_app.storage.database import Database
from kb_app.storage.migrate import migrate


@pytest.fixture
def shop(tmp_path):
    database = Database(tmp_path / "kb.sqlite3")
    migrate(database)
    shop = Shop(database)
    yield shop
    shop.importer.close()
    database.close()


def exported(shop, *conversation_ids, form="json", language="en"):
    return shop.exporter.export(conversation_ids, form, language)


def content_of(shop, *conversation_ids):
    content = json.loads(exported(shop, *conversation_ids).data)
    del content["exported_at"]
    return content


def counts(progress):
    return progress.added, progress.updated, progress.unchanged


def purge(shop, conversation_id):
    shop.history.delete(conversation_id)
    shop.history.empty_trash()


def test_our_own_json_gives_back_everything(shop):
    conversation_id = rich(shop)
    file = exported(shop, conversation_id)
    before = content_of(shop, conversation_id)
    assert file.name == "茶 水 温.conversations.json"
    assert len(before["conversations"][0]["messages"]) == 7

    purge(shop, conversation_id)
    assert counts(shop.importer.run(file.data)) == (1, 0, 0)
    assert content_of(shop, conversation_id) == before
    assert [hit.conversation.title for hit in shop.history.search("九十五度", 5)] == ["茶: 水/温"]
    assert [one.text for one in shop.history.messages(conversation_id)] == [
        "绿茶的<b>水温</b>？", "八十度[2]，不是[7]。", "And iced?", ""
    ]  # fmt: skip


def test_the_conversation_of_these_tests_has_a_value_in_every_field(shop):
    question, answer = shop.history.messages(rich(shop))[:2]
    defaults = {field.name: field.default for field in fields(Message)}
    assert [name for name in defaults if getattr(answer, name) == defaults[name]] == ["status", "attachments"]
    assert question.attachments


def test_importing_twice_doubles_nothing_and_adds_what_is_new(shop):
    conversation_id = rich(shop)
    file = exported(shop, conversation_id)
    assert counts(shop.importer.run(file.data)) == (0, 0, 1)
    shop.say("Later", "Indeed", conversation_id)
    longer = exported(shop, conversation_id)
    purge(shop, conversation_id)
    shop.importer.run(file.data)
    assert counts(shop.importer.run(longer.data)) == (0, 1, 0)
    assert len(shop.conversations.tree(conversation_id)) == 9
    shop.history.delete(conversation_id)
    assert counts(shop.importer.run(file.data)) == (0, 1, 0)  # it comes back from the trash
    assert shop.history.conversation(conversation_id).title == "茶: 水/温"


def test_many_conversations_are_one_json_or_a_zip_of_pages(shop):
    ids = [rich(shop), rich(shop)]
    assert len(content_of(shop, *ids)["conversations"]) == 2
    assert set(shop.exporter.all_ids()) == set(ids)
    file = exported(shop, *ids, form="markdown")
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        assert archive.namelist() == ["0001-茶 水 温.md", "0002-茶 水 温.md"]
    purge(shop, ids[0])
    assert len(content_of(shop, *ids)["conversations"]) == 1
    with pytest.raises(NotFoundError):
        exported(shop, ids[0])


def test_markdown_has_the_branch_shown_with_its_sources(shop):
    text = exported(shop, rich(shop), form="markdown", language="zh").data.decode()
    assert text.startswith("# 茶: 水/温\n")
    assert "**[2]** 茶/<绿茶>.pdf · 第 4 页 · 第一章 › 水温\n\n> 水温\n> 八十度 & more" in text
    assert "评价：不好" in text
    assert "回答未能完成" in text
    assert "九十度" not in text  # the other branch


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.anchors, self.handlers, self.text = [], [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        for name, value in attrs:
            if name in ("href", "src", "action", "data"):
                self.links.append((tag, value))
            if name == "id":
                self.anchors.append(value)

    def handle_data(self, data):
        self.text += data


def test_html_leads_from_a_marker_to_its_source_and_loads_nothing(shop):
    text = exported(shop, rich(shop), form="html").data.decode()
    page = Page(text)
    [(tag, target)] = page.links
    assert tag == "a"
    assert target.removeprefix("#") in page.anchors
    assert "八十度 & more" in page.text
    assert "绿茶的<b>水温</b>？" in page.text
    assert "b" not in page.tags
    assert "default-src 'none'" in text


HOSTILE = """<script>alert(1)</script> ![x](http://evil.test/a.png) <img src=http://evil.test/b.png onerror=alert(1)>
[go](javascript:alert(1)) [data](data:text/html,x) [1] <style>@import url(http://evil.test)</style>

[1]: http://evil.test/c

```<script>
</code></pre><script>alert(2)</script>
```
| a | <iframe src="http://evil.test"> |
|---|---|
| [1] | `<svg onload=alert(1)>` |
"""


def test_html_of_hostile_text_holds_no_element_of_it(shop):
    turn = shop.say(HOSTILE, HOSTILE)
    shop.history.rename(turn.conversation_id, '</title><script>alert("t")</script>')
    shop.history.tag(turn.conversation_id, ["<img src=x>"])
    page = Page(exported(shop, turn.conversation_id, form="html").data.decode())
    assert {"script", "img", "iframe", "svg"}.isdisjoint(page.tags)
    assert page.tags.count("style") == 1
    assert page.handlers == []
    assert all(tag == "a" and value.startswith("http://evil.test/") for tag, value in page.links)


def test_a_file_name_fits_every_system():
    assert file_name('a/b\\c:"d"<e>|f?*\n') == "a b c d e f"
    assert file_name("..") == file_name("") == "conversation"
    assert len(file_name("长" * 300)) == 60


# --- ChatGPT's export ----------------------------------------------------------------------------------


def node(name, parent, role=None, text="", **more):
    message = None
    if role is not None:
        message = {
            "id": name,
            "author": {"role": role},
            "create_time": more.pop("at", 1_700_000_000.5),
            "content": {"content_type": "text", "parts": [text]},
            "metadata": {"model_slug": "gpt-4o"} if role == "assistant" else {},
            "recipient": "all",
            **more,
        }
    return {"id": name, "parent": parent, "children": [], "message": message}


def chatgpt(*nodes, **more):
    return {
        "title": "Trip to Kyoto",
        "create_time": 1_700_000_000.0,
        "update_time": 1_700_000_100.0,
        "conversation_id": "68a1",
        "current_node": nodes[-1]["id"],
        "mapping": {one["id"]: one for one in nodes},
        **more,
    }


TRIP = chatgpt(
    node("root", None),
    node("sys", "root", "system", "You are ChatGPT"),
    node("q1", "sys", "user", "When do cherries bloom?", at=1_700_000_001),
    node("think", "q1", "assistant", content={"content_type": "thoughts", "thoughts": []}, at=1_700_000_002),
    node("call", "think", "assistant", "search('cherry')", recipient="web", at=1_700_000_003),
    node("tool", "call", "tool", "results", at=1_700_000_004),
    node("a1", "tool", "assistant", "In April. \ue200cite\ue202turn0search0\ue201", at=1_700_000_005),
    node("a2", "q1", "assistant", "Early April.", at=1_700_000_006),
    node(
        "q2", "a2", "user", at=1_700_000_007,
        content={"content_type": "multimodal_text", "parts": [{"content_type": "image"}, "And maples? \ud800"]},
    ),
    node("a3", "q2", "assistant", "November.", at=1_700_000_008),
)  # fmt: skip


def test_chatgpts_export_becomes_conversations_with_branches(shop):
    data = json.dumps([TRIP, chatgpt(node("empty", None), conversation_id="none")]).encode()
    assert counts(shop.importer.run(data)) == (1, 0, 0)
    assert counts(shop.importer.run(data)) == (0, 0, 1)
    [conversation] = shop.history.conversations()
    assert (conversation.title, conversation.origin) == ("Trip to Kyoto", "import")
    assert conversation.updated_at.startswith("2023-11-14T22:15:00")
    shown = shop.history.messages(conversation.id)
    assert [one.text for one in shown] == ["When do cherries bloom?", "Early April.", "And maples? \ufffd", "November."]
    assert shown[1].model_id == "gpt-4o"
    view = shop.history.view(conversation.id, 20)
    [versions] = view.siblings.values()
    assert [shop.history.message(one).text for one in versions] == ["In April.", "Early April."]
    assert shop.history.search("maples", 5)[0].conversation.id == conversation.id


def test_the_zip_it_comes_in_is_read(shop):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("chat.html", "<html>")
        archive.writestr("export/conversations-000.json", json.dumps([TRIP]))
        archive.writestr("export/conversations-001.json", json.dumps([{**TRIP, "conversation_id": "other"}]))
    assert counts(shop.importer.run(out.getvalue())) == (2, 0, 0)


class Counted(dict):
    looks = 0

    def get(self, *arguments):
        Counted.looks += 1
        return super().get(*arguments)


def test_a_long_chain_that_nobody_saw_is_walked_once():
    hidden = [node("h0", None), *[node(f"h{place}", f"h{place - 1}") for place in range(1, 300)]]
    shown = [node(f"m{place}", "h299", "user", "x") for place in range(300)]
    record = chatgpt(node("root", None, "user", "first"), *hidden, *shown)
    record["mapping"]["h0"]["parent"] = "root"
    record["mapping"] = {name: Counted(one) for name, one in record["mapping"].items()}
    (transcript,) = from_chatgpt([record])
    parents = [message.parent_id for message in transcript.messages]
    assert sorted(set(parents)) == ["", "chatgpt:68a1:root"]
    assert parents.count("") == 1
    assert Counted.looks < 5 * len(record["mapping"])


def test_a_circle_of_parents_is_cut_open(shop):
    circle = chatgpt(node("a", "b", "user", "one"), node("b", "a", "assistant", "two"))
    shop.importer.run(json.dumps([circle]).encode())
    [conversation] = shop.history.conversations()
    assert {one.text for one in shop.conversations.tree(conversation.id)} == {"one", "two"}
    assert shop.history.messages(conversation.id)


# --- broken and hostile files ----------------------------------------------------------------------------


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", ConversationDamagedError),
        (b"\xff\xfe\x00", ConversationDamagedError),
        (b'[{"mapping": {}', ConversationDamagedError),
        (b"[" * 200_000, ConversationDamagedError),
        (b'{"format": "kb-app/conversations", "version": NaN}', ConversationDamagedError),
        (b"1" * 5_000, ConversationDamagedError),
        (b"[]", ConversationFormatError),
        (b"{}", ConversationFormatError),
        (b'[{"mapping": 3}]', ConversationFormatError),
        (b'{"format": "kb-app/conversations"}', ConversationFormatError),
        (b'{"format": "kb-app/conversations", "version": 1, "conversations": [3]}', ConversationFormatError),
        (b'{"format": "kb-app/conversations", "version": 1, "conversations": [{"id": 1}]}', ConversationFormatError),
        (b'{"format": "kb-app/conversations", "version": 99, "conversations": []}', ConversationNewerError),
        (b'[{"mapping": {"a": {"message": {"author": {"role": "user"}, "create_time": 1e300,'
         b' "content": {"content_type": "text", "parts": ["x"]}}}}}]', ConversationFormatError),
        (json.dumps([chatgpt(node("q", None, "user", "x", at=10**400))]).encode(), ConversationFormatError),
        (zipped(notes_txt="x"), ConversationFormatError),
        (zipped(conversations_json="x"), ConversationDamagedError),
        (zipped(conversations_json=json.dumps([TRIP]) * 50)[:-30], ConversationDamagedError),
    ],
)  # fmt: skip
def test_a_file_that_is_no_use_is_refused_with_its_reason(data, error):
    with pytest.raises(error) as caught:
        read_conversations(data)
    assert type(caught.value) is error


def test_what_unpacks_to_too_much_is_refused_while_it_is_read(monkeypatch):
    monkeypatch.setattr(conversations_import, "LIMIT_MB", 1)
    with pytest.raises(ConversationTooLargeError):
        read_conversations(zipped(conversations_json="[" + " " * 2_000_000 + "]"))
    with pytest.raises(ConversationTooLargeError):
        read_conversations(b" " * 1_000_001)


def damaged(content, change):
    record = json.loads(content)
    change(record["conversations"][0])
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.update(created_at="yesterday"),
        lambda one: one["messages"][0].update(role="system"),
        lambda one: one["messages"][0].update(text="\ud800"),
        lambda one: one["messages"][1]["sources"].append(one["messages"][1]["sources"][0]),
        lambda one: one["messages"][1].update(cited=["<b>"]),
        lambda one: one["messages"][1].update(elapsed_s=10**400),
    ],
)
def test_one_wrong_field_refuses_the_file_and_saves_nothing(shop, change):
    conversation_id = rich(shop)
    data = exported(shop, conversation_id).data
    purge(shop, conversation_id)
    with pytest.raises(ConversationFileError):
        shop.importer.run(damaged(data, change))
    assert shop.history.count(ConversationFilter()) == 0


def test_a_message_id_of_another_conversation_takes_nothing_from_it(shop):
    mine = rich(shop)
    before = content_of(shop, mine)
    data = damaged(exported(shop, mine).data, lambda one: one.update(id="not one of ours", title="Theirs"))
    assert counts(shop.importer.run(data)) == (1, 0, 0)
    assert counts(shop.importer.run(data)) == (0, 0, 1)
    assert content_of(shop, mine) == before
    [theirs] = [one for one in shop.history.conversations() if one.id != mine]
    assert re.fullmatch("[0-9a-f]{32}", theirs.id)
    assert [one.text for one in shop.history.messages(theirs.id)] == [one.text for one in shop.history.messages(mine)]


def test_an_unknown_failure_is_shown_as_one_without_a_reason(shop):
    mine = rich(shop)
    data = damaged(
        exported(shop, mine).data,
        lambda one: one["messages"][1].update(error={"code": "no.such{", "params": {}}, status="streaming"),
    )
    purge(shop, mine)
    shop.importer.run(data)
    answer = shop.history.messages(mine)[1]
    assert (answer.error.code, answer.status) == ("internal", "interrupted")


def test_in_the_background_one_file_at_a_time_with_its_outcome(shop, monkeypatch):
    refused = threading.Event()
    monkeypatch.setattr(
        conversations_import, "read_conversations", lambda data: refused.wait(60) and read_conversations(data)
    )
    shop.importer.start("trip.json", json.dumps([TRIP] * 200).encode())
    with pytest.raises(BusyError):
        shop.importer.start("again.json", b"[]")
    refused.set()
    until(lambda: shop.importer.progress.state != "running")
    assert (shop.importer.progress.state, shop.importer.progress.total) == ("done", 200)
    assert counts(shop.importer.progress) == (1, 0, 199)
    shop.importer.start("broken.json", b"{")
    until(lambda: shop.importer.progress.state != "running")
    assert shop.importer.progress.error.code == "conversation_damaged"
    shop.importer.forget()
    assert shop.importer.progress is None

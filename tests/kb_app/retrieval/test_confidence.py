import pytest

from ingestion.embed import HashedEmbedder
from kb_app.retrieval.confidence import is_chit_chat
from kb_app.retrieval.keyword import KeywordIndex
from kb_app.retrieval.retriever import Retriever

SECTIONS = {
    ("泡茶手册", "第一章 水温"): "绿茶用 80 ℃ 左右的水，水太烫会把嫩芽烫熟，茶汤发黄发苦。红茶用 90 ℃ 左右的水。",
    ("泡茶手册", "2.1 紫砂壶"): "紫砂壶会吸味，一把壶只泡一类茶，洗的时候不用洗洁精。",
    ("提示原则", "一、编写清晰的指令"): "设计提示词有两个关键原则：编写清晰、具体的指令，和给予模型充足的思考时间。",
    (
        "线性模型",
        "属性数值化",
    ): "样本中的非数值类属性都需要进行数值化；存在序关系的属性可以连续化为带有相对大小的连续值。",
    (
        "Bicycle care",
        "Torque",
    ): "Stem bolts are tightened to 5 Nm, pedals to 35 Nm. The left pedal has a left-hand thread.",
    ("Bicycle care", "The chain"): "Clean and oil the chain every 200 km, or after every ride in heavy rain.",
}


@pytest.fixture
def retriever(tmp_path, truth, vectors, make_chunk):
    keyword = KeywordIndex(tmp_path)
    chunks = [
        make_chunk(text, f"d{number}", title=title, heading=(title, heading))
        for number, ((title, heading), text) in enumerate(SECTIONS.items())
    ]
    truth.held = {chunk.id: chunk for chunk in chunks}
    keyword.add("base", chunks)
    return Retriever(truth, keyword, vectors, lambda base_id: HashedEmbedder())


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("属性数值化是怎么回事？", "非数值类属性"),
        ("给我讲讲紫砂壶有什么特点", "吸味"),
        ("提示词的两个基本原则是什么？", "两个关键原则"),
        ("绿茶该用多少度的水？", "80"),
        ("茶汤苦了怎么办？", "发苦"),
        ("What is the right torque for the pedals?", "35 Nm"),
    ],
)
def test_a_question_in_everyday_words_is_answered(retriever, question, said):
    result = retriever.retrieve(question, ["base"])
    assert result.found
    assert said in result.hits[0].chunk.text


@pytest.mark.parametrize(
    "question",
    [
        "二战是怎么回事？",
        "公司的年假有几天？",
        "给我讲讲量子计算机有什么特点",
        "「光合作用」讲了什么？",
        "How do vaccines work?",
    ],
)
def test_a_question_about_something_else_is_declined_in_the_same_words(retriever, question):
    assert not retriever.retrieve(question, ["base"]).found


@pytest.mark.parametrize("suggestion", ["「{}」讲了什么？", "What does “{}” say?", "{}"])
@pytest.mark.parametrize(
    "name", ["水温", "紫砂壶", "编写清晰的指令", "属性数值化", "Torque", "The chain", "Bicycle care"]
)
def test_a_heading_that_is_named_is_answered_from_its_section(retriever, suggestion, name):
    result = retriever.retrieve(suggestion.format(name), ["base"])
    best = result.hits[0].chunk
    assert result.found
    assert any(part.endswith(name) for part in (best.title, *best.heading))
    assert [hit.score for hit in result.hits] == sorted((hit.score for hit in result.hits), reverse=True)


@pytest.mark.parametrize(
    ("preamble", "question", "said"),
    [
        ("你好，我最近在学泡茶，翻了很多资料都没有看到，麻烦帮我查一下：", "绿茶该用多少度的水？", "80"),
        ("Hello, my old bike came back from the shop and something is loose. ", "How tight are pedals?", "35 Nm"),
    ],
)
def test_what_leads_to_a_question_does_not_count_against_it(retriever, preamble, question, said):
    result = retriever.retrieve(preamble + question, ["base"])
    assert result.found
    assert result.query == question
    assert said in result.hits[0].chunk.text


@pytest.mark.parametrize("text", ["我喜欢喝茶。今天天气怎么样？", "I like tea. Who won the world cup?", "谢谢！你好！"])
def test_what_leads_to_a_question_is_no_answer_to_it(retriever, text):
    assert not retriever.retrieve(text, ["base"]).found


@pytest.mark.parametrize("name", ["bicycle_care", "Bicycle-Care", "Bicycle care"])
def test_a_title_said_in_other_words_around_it_is_found(tmp_path, truth, vectors, make_chunk, name):
    keyword = KeywordIndex(tmp_path)
    chunk = make_chunk("Clean and oil the chain after every ride in heavy rain.", "d0", title=name)
    truth.held = {chunk.id: chunk}
    keyword.add("base", [chunk])
    retriever = Retriever(truth, keyword, vectors, lambda base_id: HashedEmbedder())
    assert retriever.retrieve("what does bicycle care recommend when it is wet", ["base"]).found
    assert not retriever.retrieve("what does the bakery recommend when it is wet", ["base"]).found


@pytest.fixture
def of_files(tmp_path, truth, vectors, make_chunk):
    """A base of files whose titles say other things than their names."""
    keyword = KeywordIndex(tmp_path)
    texts = {
        "courses/self-llm.md": ("开源大模型食用指南", "先按教程配好环境，再把权重下载到本地，就可以启动服务。"),
        "年度总结2023.pdf": ("关于去年工作的报告", "全年新增用户一万人，收入增长两成。"),
        "notes.txt": ("Things to remember", "Dependencies are listed in requirements.txt next to the script."),
    }
    chunks = [
        make_chunk(text, f"d{number}", document_name=name, title=title)
        for number, (name, (title, text)) in enumerate(texts.items())
    ]
    truth.held = {chunk.id: chunk for chunk in chunks}
    keyword.add("base", chunks)
    return Retriever(truth, keyword, vectors, lambda base_id: HashedEmbedder())


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("self-llm.md 讲了什么？", "courses/self-llm.md"),
        ("Self-LLM", "courses/self-llm.md"),
        ("总结一下年度总结2023.pdf", "年度总结2023.pdf"),
        ("年度总结２０２３．ｐｄｆ", "年度总结2023.pdf"),
        ("requirements.txt", "notes.txt"),
        ("what is in notes.txt?", "notes.txt"),
    ],
)
def test_a_file_is_found_by_its_name_whatever_its_title(of_files, question, name):
    result = of_files.retrieve(question, ["base"])
    assert result.found
    assert result.hits[0].chunk.document_name == name


@pytest.mark.parametrize("question", ["怎么把 PDF 转成 Word？", "report.pdf 讲了什么？", "How do I open an xlsx file?"])
def test_the_kind_of_a_file_is_not_its_name(of_files, question):
    assert not of_files.retrieve(question, ["base"]).found


@pytest.mark.parametrize(
    "text",
    [
        "Write me a poem about spring",
        "tell me a joke",
        "can you help me?",
        "i need help",
        "帮帮我",
        "你能帮我吗？",
        "translate this to French",
        "谢谢！",
        "1+1等于几",
    ],
)
def test_what_no_document_answers_is_told_by_its_words(text):
    assert is_chit_chat(text)


@pytest.mark.parametrize(
    "text",
    [
        "tell me about the Apollo program",
        "Give me the code of the chain",
        "Tell me the story of Genghis Khan",
        "help for the left pedal",
        "谁能帮助紫砂壶除味",
        "how do I translate this manual?",
    ],
)
def test_a_question_with_a_subject_is_no_chit_chat(text):
    assert not is_chit_chat(text)

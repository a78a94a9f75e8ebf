from ingestion.embed import HashedEmbedder
from kb_app.retrieval.keyword import KeywordIndex
from kb_app.retrieval.langchain import as_langchain
from kb_app.retrieval.retriever import Retriever


def test_langchain_documents_carry_passage_and_place(tmp_path, truth, vectors, make_chunk):
    keyword = KeywordIndex(tmp_path)
    chunk = make_chunk("南瓜书是西瓜书的公式推导解析。", title="南瓜书", heading=("简介",), page=3)
    truth.held[chunk.id] = chunk
    keyword.add("base", [chunk])
    retriever = Retriever(truth, keyword, vectors, lambda base_id: HashedEmbedder())

    (document,) = as_langchain(retriever, ["base"]).invoke("什么是南瓜书？")

    assert document.page_content == chunk.text
    assert document.id == chunk.id
    assert document.metadata["document"] == "d1.md"
    assert document.metadata["page"] == 3
    assert document.metadata["heading"] == ["简介"]
    assert document.metadata["score"] > 0


def test_only_found_hides_the_nearest_passages(tmp_path, truth, vectors, make_chunk):
    keyword = KeywordIndex(tmp_path)
    chunk = make_chunk("南瓜书是西瓜书的公式推导解析。")
    truth.held[chunk.id] = chunk
    keyword.add("base", [chunk])
    retriever = Retriever(truth, keyword, vectors, lambda base_id: HashedEmbedder())

    question = "这本书在火星上卖多少钱？"
    assert len(as_langchain(retriever, ["base"]).invoke(question)) == 1
    assert as_langchain(retriever, ["base"], only_found=True).invoke(question) == []

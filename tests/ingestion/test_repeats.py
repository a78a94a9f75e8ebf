from ingestion.prepare import prepare


def test_equal_passages_are_indexed_once_and_the_text_keeps_them_all():
    prepared = prepare(b"a,b,c\n" + b"1,2,3\n" * 20_000 + b"7,8,9\n", "big.csv")
    assert len(prepared.chunks) < 5
    assert [one.index for one in prepared.chunks] == list(range(len(prepared.chunks)))
    assert prepared.document.text.count("a: 1") >= 20_000 or prepared.document.text.count("1") >= 20_000
    assert any("9" in one.search_text for one in prepared.chunks)
    assert all(one.text == prepared.document.text[one.start : one.end] for one in prepared.chunks)

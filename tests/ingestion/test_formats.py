"""What each loader makes of the awkward files of its format; the plain ones are in tests/contracts/test_loaders.py."""

import email.policy
import io
import json
import zipfile

import format_samples as samples
import pytest
from format_samples import paragraph, word, word_table, workbook, zipped
from reading import page_at

from ingestion.errors import (
    DamagedError,
    NoTextError,
    PasswordNeededError,
    PasswordWrongError,
    TooHeavyError,
    TranscriptionNeededError,
    UnsupportedFormatError,
)
from ingestion.load import load
from ingestion.models import ChunkOptions, LoadLimits, ReadOptions
from ingestion.pipeline import prepare_limited
from ingestion.prepare import prepare

CHINESE = "机器学习是人工智能的一个分支，研究怎样从数据中学习。"


def blocks(data, name):
    return [(block.kind, block.text) for block in load(data, name).blocks]


def texts(data, name):
    return [text for _, text in blocks(data, name)]


def page(body, head=""):
    return f"<html><head>{head}</head><body>{body}</body></html>".encode()


class TestHtml:
    @pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5", "utf-16"])
    def test_encodings(self, encoding):
        loaded = load(f"<html><body><p>{CHINESE}</p></body></html>".encode(encoding, errors="ignore"), "a.html")
        assert loaded.blocks[0].text == CHINESE.encode(encoding, errors="ignore").decode(encoding)

    def test_menus_and_footers_of_pages_that_only_name_them_are_dropped(self):
        menu = "<div class='site-nav top'><a href=a>首页</a> | <a href=b>关于我们</a></div>"
        crumbs = "<ul id=breadcrumb><li><a href=a>首页</a><li><a href=b>新闻</a></ul>"
        content = (
            f"<div id=content><h1>题</h1><p>{CHINESE * 5}</p><div class=menu>今日菜单：<a>鱼</a>和豆腐汤</div></div>"
        )
        body = f"{menu}{crumbs}{content}<div class=footer>版权所有 备案号 1</div>"
        assert texts(page(body), "a.html") == ["题", CHINESE * 5, "今日菜单：鱼和豆腐汤"]

    def test_a_page_of_links_alone_keeps_them(self):
        body = "<div class=nav><a href=a>甲处</a> <a href=b>乙处</a></div><p>完</p>"
        assert texts(page(body), "a.html") == ["甲处 乙处", "完"]

    def test_what_is_declared_decides_only_what_is_not_proved(self):
        declared = '<meta charset="gb2312">'
        assert texts(page(f"<p>{CHINESE}</p>", declared), "a.html") == [CHINESE]
        japanese = '<html><meta charset="shift_jis"><p>東京タワー</p></html>'.encode("shift_jis")
        assert texts(japanese, "a.html") == ["東京タワー"]
        wrong = f'<html><meta charset="utf-8"><p>{CHINESE}</p></html>'.encode("gb18030")
        assert texts(wrong, "a.html") == [CHINESE]

    def test_only_the_main_content_is_kept(self):
        text = "\n".join(texts(samples.HTML.encode("gb18030"), "a.html"))
        for furniture in ("脚本", "color", "导航", "首页", "版权所有", "搜索", "隐藏文字", "¶"):
            assert furniture not in text

    def test_the_heading_is_the_title_without_the_site(self):
        assert load(samples.HTML.encode("gb18030"), "a.html").title == "入门教程"
        assert load(page("<h1>甲</h1><p>文</p>", "<title>乙</title>"), "a.html").title == "乙"

    def test_a_form_around_the_whole_page_is_no_form(self):
        assert texts(page(f"<form><p>{CHINESE}</p></form><form>搜</form>"), "a.html") == [CHINESE]

    def test_running_text_between_blocks(self):
        body = "开头<p>一 <b>二</b><i>three</i></p>中间<div>四<br>五<p>六</p>七</div>末尾"
        assert texts(page(body), "a.html") == ["开头", "一 二three", "中间", "四\n五", "六", "七", "末尾"]

    def test_blocks_inside_links_and_spans(self):
        assert texts(page("<span><p>一</p></span><a href='#'><h2>二</h2></a>三"), "a.html") == ["一", "二", "三"]

    def test_lists(self):
        body = "<ol><li><p>一</p><ul><li>甲</li></ul></li><li>二</li></ol><ul><li>前<pre>a  b</pre></li></ul>"
        assert blocks(page(body), "a.html") == [
            ("list", "1. 一\n  - 甲\n2. 二"),
            ("paragraph", "前"),
            ("code", "a  b"),
        ]

    def test_a_table_that_lays_out_the_page_is_not_one(self):
        body = (
            "<table><tr><td><h1>题</h1><p>文</p></td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"
        )
        assert blocks(page(body), "a.html") == [("heading", "题"), ("paragraph", "文"), ("table", "a | b")]

    def test_spans_of_hostile_size(self):
        body = "<table><tr><td rowspan=999999999 colspan=99999999>a</td><td>b</td></tr><tr><td>c</td></tr></table>"
        assert texts(page(body), "a.html")[0].startswith("a")

    def test_formulas_and_pictures(self):
        formula = (
            '<math><semantics><mi>x</mi><annotation encoding="application/x-tex">x^2</annotation></semantics></math>'
        )
        body = (
            f"<p>设{formula}为正<span aria-hidden=true>x2</span><img alt='示意图' src='data:image/png;base64,AA'></p>"
        )
        assert texts(page(body), "a.html") == ["设$x^2$为正示意图"]

    def test_deep_nesting_and_entities(self):
        deep = b"<div>" * 100_000 + "底".encode() + b"</div>" * 100_000
        assert "".join(texts(b"<p>top</p>" + deep, "a.html")).startswith("top")
        bomb = b'<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><p>text &b;</p>'
        assert len(load(bomb, "a.html").blocks[-1].text) < 20

    def test_external_entities_are_not_read(self, tmp_path):
        secret = tmp_path / "secret.txt"
        secret.write_text("TOP-SECRET")
        source = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]><html><p>文 &e;</p></html>'.encode()
        assert "TOP-SECRET" not in "".join(texts(source, "a.xhtml"))

    def test_nothing_but_scripts(self):
        with pytest.raises(NoTextError):
            load(page("<script>app()</script><nav>菜单</nav>"), "a.html")


MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"


class TestWord:
    def test_titles_of_templates_are_headings_by_their_level(self):
        found = [b.heading for b in load(samples.sample_docx(), "a.docx").blocks if b.kind == "heading"]
        assert found[1] == ("第一章 绪论", "1.1 研究背景")

    def test_formulas_are_read_as_text_in_their_place(self):
        def math(inner):
            return f'<m:oMath xmlns:m="{MATH}">{inner}</m:oMath>'

        def t(text):
            return f"<m:r><m:t>{text}</m:t></m:r>"

        half = f"<m:f><m:num>{t('a+b')}</m:num><m:den>{t('2')}</m:den></m:f>"
        power = f"{t('E=m')}<m:sSup><m:e>{t('c')}</m:e><m:sup>{t('2')}</m:sup></m:sSup>"
        total = (
            f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{t('i=1')}</m:sub><m:sup>{t('n')}</m:sup>"
            f"<m:e>{t('x')}</m:e></m:nary>"
        )
        inline = f"<w:p><w:r><w:t>设</w:t></w:r>{math(half)}<w:r><w:t>为均值。</w:t></w:r></w:p>"
        alone = f"<w:p><m:oMathPara xmlns:m='{MATH}'>{math(power)}{math(total)}</m:oMathPara></w:p>"
        assert texts(samples.word(inline + alone), "a.docx") == ["设(a+b)/2为均值。", "E=mc^2∑_(i=1)^n x"]

    def test_what_simpler_readers_lose(self):
        text = "\n".join(texts(samples.sample_docx(), "a.docx"))
        for wanted in (
            "修订时插入的句子。",
            "内容控件里的文字。",
            "脚注：数据来自公开评测。",
            "使用 List<String> 与 #include",
        ):
            assert wanted in text
        assert "删去的" not in text

    def test_contents_are_marked_and_not_searched(self):
        prepared = prepare(samples.sample_docx(), "a.docx")
        assert prepared.document.blocks[0].kind == "toc"
        assert not any("目 录" in chunk.search_text for chunk in prepared.chunks)

    def test_title_and_author(self):
        loaded = load(samples.sample_docx(), "a.docx")
        assert (loaded.title, loaded.metadata["author"]) == ("评测报告", "王五")

    def test_table_cells_of_several_paragraphs_stay_in_their_row(self):
        table = word_table([["甲", "乙"], ["一", "二"]]).replace(paragraph("一"), paragraph("一行") + paragraph("二行"))
        assert blocks(word(table), "a.docx") == [("table", "甲 | 乙\n一行 二行 | 二")]

    def test_entity_bombs_are_refused(self):
        bomb = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><d>&b;</d>'
        for document in (bomb, bomb.encode("utf-16")):
            with pytest.raises(DamagedError, match="document type"):
                load(word("", **{"word/document.xml": document}), "a.docx")

    def test_the_password_opens_it(self):
        data = encrypted(samples.sample_docx(), "柿子2026")
        with pytest.raises(PasswordNeededError):
            load(data, "a.docx")
        with pytest.raises(PasswordWrongError):
            load(data, "a.docx", password="1234")
        assert load(data, "a.docx", password="柿子2026").title == "评测报告"


def encrypted(data, password):
    from msoffcrypto.format.ooxml import OOXMLFile

    # Its writer gets files below one block of the container wrong.
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("filler.bin", bytes(range(256)) * 32)
    data = buffer.getvalue()
    buffer = io.BytesIO()
    OOXMLFile(io.BytesIO(data)).encrypt(password, buffer)
    return buffer.getvalue()


def with_member(package, prefix, old, new):
    """The ZIP ``package`` with ``old`` replaced by ``new`` in the members whose names begin with ``prefix``."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data.replace(old, new) if name.startswith(prefix) else data)
    return changed.getvalue()


class TestSlides:
    def test_each_slide_is_a_page(self):
        prepared = prepare(samples.sample_pptx(), "a.pptx")
        assert [page.number for page in prepared.document.pages] == [1, 2]
        text = prepared.document.text
        assert page_at(prepared.document, text.index("讲者备注")) == 1
        assert page_at(prepared.document, text.index("12 毫秒")) == 2
        assert "隐藏的幻灯片" not in text

    def test_shapes_are_read_from_top_to_bottom_and_through_groups(self):
        from pptx import Presentation
        from pptx.util import Inches

        show = Presentation()
        slide = show.slides.add_slide(show.slide_layouts[6])
        low = slide.shapes.add_textbox(Inches(1), Inches(5), Inches(2), Inches(1))
        low.text_frame.text = "下"
        group = slide.shapes.add_group_shape()
        inner = group.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1))
        inner.text_frame.text = "上"
        buffer = io.BytesIO()
        show.save(buffer)
        assert texts(buffer.getvalue(), "a.pptx") == ["上", "下"]

    @pytest.mark.parametrize("claimed", [None, b"999999999", b"many"])
    def test_the_numbers_of_a_chart_are_read_unless_it_lies_about_how_many(self, claimed):
        from pptx import Presentation
        from pptx.chart.data import CategoryChartData
        from pptx.enum.chart import XL_CHART_TYPE

        show = Presentation()
        slide = show.slides.add_slide(show.slide_layouts[5])
        slide.shapes.title.text = "销量"
        data = CategoryChartData()
        data.categories = ["东区", "西区"]
        data.add_series("第一季", (19.25, None))
        data.add_series("第二季", (1234567.5, 3))
        slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 10**6, 10**6, 10**6, data)
        buffer = io.BytesIO()
        show.save(buffer)
        deck = buffer.getvalue()
        if claimed is not None:
            deck = with_member(deck, "ppt/charts/chart", b'ptCount val="2"', b'ptCount val="%s"' % claimed)
        table = "\n".join([" | 第一季 | 第二季", "东区 | 19.25 | 1234567.5", "西区 |  | 3"])
        assert texts(deck, "a.pptx") == (["销量", table] if claimed is None else ["销量"])


class TestTables:
    def test_hidden_sheets_and_blank_ones_are_left_out(self):
        assert [text for kind, text in blocks(samples.sample_xlsx(), "a.xlsx") if kind == "heading"] == ["销售"]
        assert "不应出现" not in "".join(texts(samples.sample_xlsx(), "a.xlsx"))

    def test_a_lone_sheet_of_no_name_gives_no_heading(self):
        data = workbook(lambda book: book.add_worksheet().write_row(0, 0, ["甲", "乙"]))
        assert blocks(data, "a.xlsx") == [("table", "甲 | 乙")]

    def test_every_chunk_of_a_long_table_names_its_columns(self):
        rows = "".join(f"学生{number},{number % 100}\n" for number in range(1000))
        prepared = prepare(f"姓名,分数\n{rows}".encode(), "a.csv", ReadOptions(chunking=ChunkOptions(size_units=100)))
        assert len(prepared.chunks) > 20
        assert all(
            line.startswith("姓名: 学生") for chunk in prepared.chunks for line in chunk.text.split("\n") if line
        )

    def test_no_header(self):
        assert texts(b"1,2\n3,4\n", "a.csv") == ["A: 1 | B: 2\nA: 3 | B: 4"]
        assert texts("苹果\n香蕉\n".encode(), "a.csv") == ["苹果\n香蕉"]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "，"])
    def test_separators(self, delimiter):
        data = (
            delimiter.join(["姓名", "简介"])
            + "\n"
            + delimiter.join(["张三", "写作, 阅读; 旅行" if delimiter == "\t" else "写作"])
        )
        assert texts(data.encode(), "a.csv")[0].startswith("姓名: 张三 | 简介: 写作")

    def test_line_breaks_in_quotes(self):
        assert texts('名,文\n甲,"第一行\n第二行"\n'.encode(), "a.csv") == ["名: 甲 | 文: 第一行 第二行"]

    def test_a_web_page_called_xls(self):
        data = page("<table><tr><th>姓名</th><th>分</th></tr><tr><td>张三</td><td>9</td></tr></table>")
        assert texts(data, "导出.xls") == ["姓名 | 分\n张三 | 9"]

    def test_a_ring_of_sectors_in_an_old_file(self):
        data = bytearray((samples.FIXTURES / "table.xls").read_bytes())
        fat = 512 * (1 + int.from_bytes(data[76:80], "little"))
        first = int.from_bytes(data[48:52], "little")
        data[fat + 4 * first : fat + 4 * first + 4] = first.to_bytes(4, "little")
        data[fat : fat + 4] = bytes(4)
        with pytest.raises(DamagedError):
            load(bytes(data), "a.xls")

    def test_two_cells_in_far_corners_end_the_worker_only(self):
        def fill(book):
            sheet = book.add_worksheet()
            sheet.write(0, 0, "a")
            sheet.write(1_048_575, 16_383, "b")

        with pytest.raises(TooHeavyError):
            prepare_limited(workbook(fill), "a.xlsx")

    def test_the_password_opens_it(self):
        data = encrypted(samples.sample_xlsx(), "pw")
        with pytest.raises(PasswordNeededError):
            load(data, "a.xlsx")
        assert "张三" in load(data, "a.xlsx", password="pw").blocks[-1].text


class TestEpub:
    def test_spine_decides_the_order_and_the_contents_page_is_left_out(self):
        found = [block.heading for block in load(samples.sample_epub(), "a.epub").blocks if block.kind == "heading"]
        assert found[0] == ("第一章 监督学习",)
        assert len(found) == 3

    def test_names_outside_the_archive_lead_nowhere(self):
        package = (
            '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="../../../etc/passwd" '
            'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>'
        )
        with pytest.raises(DamagedError):
            load(samples.sample_epub(**{"OEBPS/book.opf": package}), "a.epub")

    def test_locked_chapters(self):
        locked = (
            "<encryption xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><EncryptedData><CipherData>"
            "<CipherReference URI='OEBPS/text/one.xhtml'/></CipherData></EncryptedData></encryption>"
        )
        with pytest.raises(PasswordNeededError):
            load(samples.sample_epub(**{"META-INF/encryption.xml": locked}), "a.epub")


class TestEmail:
    def test_gb2312_that_is_more(self):
        text = "朱镕基 喆 犇：会议改期。"
        head = b"From: a@example.cn\nSubject: =?gb2312?B?u+HS6Q==?=\nContent-Type: text/plain; charset=gb2312\n"
        data = head + b"Content-Transfer-Encoding: 8bit\n\n" + text.encode("gb18030")
        loaded = load(data, "a.eml")
        assert loaded.title == "会议"
        assert loaded.blocks[-1].text == text

    def test_raw_chinese_headers(self):
        subject = "关于召开年度总结会议的通知"
        for encoding in ("utf-8", "gb18030"):
            data = f"From: a@example.cn\nSubject: {subject}\n\n正文。".encode(encoding)
            assert load(data, "a.eml").title == subject

    def test_html_body(self):
        mail = email.message.EmailMessage()
        mail["Subject"] = "通知"
        mail.set_content("<h1>安排</h1><p>周五开会</p><script>x</script>", subtype="html")
        found = load(mail.as_bytes(), "a.eml").blocks
        assert [(b.heading, b.text) for b in found[1:]] == [
            (("通知", "安排"), "安排"),
            (("通知", "安排"), "周五开会"),
        ]

    def test_forwarded_mail_is_read_and_attachments_are_named(self):
        inner = email.message.EmailMessage()
        inner["Subject"] = "原信"
        inner.set_content("原信内容")
        mail = email.message.EmailMessage()
        mail["Subject"] = "转发"
        mail.set_content("请看附件")
        mail.add_attachment(inner)
        mail.add_attachment(b"1", maintype="text", subtype="csv", filename="../../名单.csv")
        found = load(mail.as_bytes(), "a.eml").blocks
        assert ("转发", "原信") in [block.heading for block in found]
        assert "原信内容" in [block.text for block in found]
        assert any("名单.csv" in block.text for block in found)

    def test_no_mail_at_all(self):
        with pytest.raises(DamagedError):
            load("只是一段文字。".encode(), "a.eml")


class TestJson:
    def test_numbers_stay_as_they_are_written(self):
        assert texts(b'{"a": 1.10, "b": 12345678901234567890, "c": true, "d": null}', "a.json") == [
            "a: 1.10\nb: 12345678901234567890\nc: true"
        ]

    def test_long_texts_are_cut_by_sentences(self):
        data = json.dumps([{"正文": CHINESE * 30}], ensure_ascii=False).encode()
        assert load(data, "a.json").blocks[0].kind == "paragraph"
        assert len(prepare(data, "a.json").chunks) > 1

    @pytest.mark.parametrize("data", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000])
    def test_nested_beyond_reason(self, data):
        with pytest.raises(TooHeavyError):
            load(data, "a.json")

    def test_broken(self):
        with pytest.raises(DamagedError):
            load('{"名称": "没有结尾'.encode(), "a.json")


class TestSubtitles:
    def test_rolling_captions_are_said_once(self):
        source = (
            "WEBVTT\n\n00:01.000 --> 00:02.000\n我们开始\n\n00:02.000 --> 00:03.000\n我们开始\n今天的课\n\n"
            "00:03.000 --> 00:04.000\n今天的课\n第一部分\n"
        )
        assert texts(source.encode(), "a.vtt") == ["[00:00:01] 我们开始今天的课第一部分"]

    def test_windows_lines_gbk_and_no_blank_lines(self):
        source = (
            "1\r\n00:00:01,000 --> 00:00:02,000\r\n大家好\r\n2\r\n00:00:02,500 --> 00:00:04,000\r\n我们开始上课了\r\n"
        )
        assert texts(source.encode("gb18030"), "a.srt") == ["[00:00:01] 大家好我们开始上课了"]

    def test_a_paragraph_about_every_minute(self):
        source = "".join(
            f"{n}\n{n // 360:02}:{n // 6 % 60:02}:{n * 10 % 60:02},000 --> {n // 360:02}:{n // 6 % 60:02}:"
            f"{n * 10 % 60 + 9:02},000\n这是第{n}句。\n\n"
            for n in range(60)
        )
        found = texts(source.encode(), "a.srt")
        assert [text[:10] for text in found[:3]] == ["[00:00:00]", "[00:01:00]", "[00:02:00]"]
        assert len(found) == 10

    def test_no_times(self):
        with pytest.raises(DamagedError):
            load("只是一段文字。".encode(), "a.srt")


class TestSource:
    def test_xml_declares_its_encoding(self):
        source = '<?xml version="1.0" encoding="euc-kr"?>\n<a>한국어 문서</a>\n'
        assert prepare(source.encode("euc-kr"), "a.xml").document.text == source

    def test_code_is_cut_at_functions_and_keeps_its_indentation(self):
        source = "".join(f"def part_{n}(x):\n    total = {n}\n    return total * x  # 注释\n\n\n" for n in range(40))
        prepared = prepare(source.encode(), "a.py", ReadOptions(chunking=ChunkOptions(size_units=120)))
        assert prepared.document.text == source
        assert all(chunk.text.startswith("def part_") for chunk in prepared.chunks)
        assert prepared.chunks[0].heading == ("def part_0(x)",)
        assert all("\n    total" in chunk.text for chunk in prepared.chunks)

    def test_words_in_comments_declare_nothing(self):
        source = '"""class of things\n\ndef initely not.\n"""\nreturn_value = (1)\nif x(y) {\n'
        for name in ("a.py", "a.c", "a.js", "a.go"):
            assert [b for b in prepare(source.encode(), name).document.blocks if b.kind == "heading"] == []

    def test_long_lines_take_no_time(self):
        line = b"a " * 200_000
        assert prepare(line + b"\n" + b"(" * 100_000, "a.c").chunks


class TestArchives:
    @pytest.mark.slow
    def test_zip_bombs(self):
        bomb = zipped({"[Content_Types].xml": "", "word/document.xml": bytes(120_000_000)})
        with pytest.raises(TooHeavyError):
            load(bomb, "a.docx")
        many = zipped({"word/document.xml": "", **{f"m{n}": "" for n in range(20_001)}})
        with pytest.raises(TooHeavyError):
            load(many, "a.docx")

    def test_locked_members(self):
        data = bytearray(samples.sample_pptx())
        at = data.find(b"PK\x01\x02")
        data[at + 8] |= 1
        with pytest.raises(PasswordNeededError):
            load(bytes(data), "a.pptx")

    def test_a_broken_part_is_damage(self):
        for name in ("a.docx", "a.epub", "a.ods"):
            make = {"a.docx": samples.sample_docx, "a.epub": samples.sample_epub, "a.ods": samples.sample_ods}[name]
            data = bytearray(make())
            at = data.find(b"PK\x01\x02")
            data[60 : min(at, 1500)] = bytes(min(at, 1500) - 60)
            with pytest.raises(DamagedError):
                load(bytes(data), name)

    def test_content_counts_for_more_than_the_name(self):
        for name in ("a.pdf", "a.txt", "a.doc", "a.pptx"):
            assert load(samples.sample_docx(), name).title == "评测报告"

    def test_other_archives_are_refused(self):
        with pytest.raises(UnsupportedFormatError):
            load(zipped({"a.txt": "x"}), "a.zip")
        with pytest.raises(DamagedError):
            load(zipped({"a.txt": "x"}), "a.docx")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"ID3\x03" + bytes(100), "录音.mp3"),
        (b"\xff\xfb\x90" + bytes(100), "录音.mp3"),
        (bytes(4) + b"ftypisom" + bytes(100), "讲座.mp4"),
        (bytes(4) + b"ftypM4A " + bytes(100), "讲座.txt"),
        (b"RIFF" + bytes(4) + b"WAVE" + bytes(100), "a.wav"),
        (b"\x1a\x45\xdf\xa3" + bytes(100), "a.webm"),
    ],
)
def test_sound_and_video_ask_for_a_transcript(data, name):
    with pytest.raises(TranscriptionNeededError):
        load(data, name)


def test_text_of_any_format_is_bounded():
    limits = LoadLimits(max_chars=10)
    for data, name in (
        (samples.HTML.encode("gb18030"), "a.html"),
        (samples.sample_docx(), "a.docx"),
        (samples.sample_xlsx(), "a.xlsx"),
        (samples.sample_eml(), "a.eml"),
        (samples.SRT.encode(), "a.srt"),
    ):
        with pytest.raises(TooHeavyError):
            load(data, name, limits=limits)

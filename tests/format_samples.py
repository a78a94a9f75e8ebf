"""A small real file of every kind, made here where a library can write it."""

import datetime
import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

FIXTURES = Path(__file__).parent / "ingestion" / "fixtures" / "formats"

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def zipped(members: dict[str, str | bytes]) -> bytes:
    """A ZIP file of these members; the first one is stored, as EPUB and ODS want their type."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, (name, content) in enumerate(members.items()):
            archive.writestr(name, content, zipfile.ZIP_STORED if index == 0 else zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def word(body: str, **more: str | bytes) -> bytes:
    """A Word file around ``body``; styles: Heading 1, a template's own 二级标题 (level 2), Title, toc 1, List."""
    style = '<w:style w:type="paragraph" w:styleId="{0}"><w:name w:val="{1}"/>{2}</w:style>'.format
    styles = (
        style("1", "heading 1", '<w:pPr><w:outlineLvl w:val="0"/></w:pPr>')
        + style("20", "论文二级", '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>')
        + style("21", "论文二级加粗", '<w:basedOn w:val="20"/>')
        + style("a3", "Title", "")
        + style("TOC1", "toc 1", "")
    )
    core = (
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>评测报告</dc:title><dc:creator>王五</dc:creator>'
        "</cp:coreProperties>"
    )
    numbering = (
        f'<w:numbering xmlns:w="{WORD}"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0">'
        '<w:numFmt w:val="bullet"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        "</w:numbering>"
    )
    relation = (
        '<Relationship Id="{0}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{1}" '
        'Target="{2}"/>'
    ).format
    relations = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    parts = relation("r1", "styles", "styles.xml") + relation("r2", "numbering", "numbering.xml")
    parts += relation("r3", "footnotes", "footnotes.xml")
    types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    types += '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
    types += 'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml".format
    for part, kind in (("document", "document.main"), ("styles", "styles"), ("numbering", "numbering")):
        types += f'<Override PartName="/word/{part}.xml" ContentType="{main(kind)}"/>'
    types += "</Types>"
    footnotes = (
        f'<w:footnotes xmlns:w="{WORD}"><w:footnote w:id="2"><w:p><w:r><w:t>脚注：数据来自公开评测。</w:t></w:r></w:p>'
        "</w:footnote></w:footnotes>"
    )
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": types,
        "_rels/.rels": relations.format(relation("r1", "officeDocument", "word/document.xml")),
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
        "word/styles.xml": f'<w:styles xmlns:w="{WORD}">{styles}</w:styles>',
        "word/numbering.xml": numbering,
        "word/footnotes.xml": footnotes,
        "word/_rels/document.xml.rels": relations.format(parts),
        "docProps/core.xml": core,
    }
    return zipped({**members, **more})


def paragraph(text: str, style: str = "", properties: str = "") -> str:
    """A paragraph of a Word file."""
    style = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f'<w:p><w:pPr>{style}{properties}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def word_table(rows: list[list[str]]) -> str:
    """A table of a Word file."""
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def sample_docx() -> bytes:
    item = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    inserted = (
        "<w:p><w:ins><w:r><w:t>修订时插入的句子。</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>删去的</w:delText></w:r></w:del></w:p>"
    )
    note = '<w:p><w:r><w:t>准确率为 93.5%</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    control = f"<w:sdt><w:sdtContent>{paragraph('内容控件里的文字。')}</w:sdtContent></w:sdt>"
    return word(
        paragraph("目 录	1", "TOC1")
        + paragraph("第一章 绪论", "1")
        + paragraph("大语言模型的评测需要统一的标准。")
        + paragraph("1.1 研究背景", "21")
        + paragraph("检索增强生成", properties=item)
        + paragraph("提示工程", properties=item)
        + word_table([["模型", "得分"], ["甲", "91"], ["乙", "87"]])
        + inserted
        + note
        + control
        + paragraph("第二章 方法", "1")
        + paragraph("使用 List&lt;String&gt; 与 #include 作为例子。")
    )


def sample_pptx() -> bytes:
    from pptx import Presentation
    from pptx.util import Inches

    show = Presentation()
    show.core_properties.title = "培训材料"
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "向量数据库"
    first.placeholders[1].text = "什么是嵌入\n怎样检索"
    first.notes_slide.notes_text_frame.text = "讲者备注：这里演示检索。"
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "对比"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, column, text in ((0, 0, "方案"), (0, 1, "延迟"), (1, 0, "本地"), (1, 1, "12 毫秒")):
        table.cell(row, column).text = text
    hidden = show.slides.add_slide(show.slide_layouts[5])
    hidden.shapes.title.text = "隐藏的幻灯片"
    hidden.element.set("show", "0")
    buffer = io.BytesIO()
    show.save(buffer)
    return buffer.getvalue()


def workbook(fill) -> bytes:
    """A workbook filled by ``fill(workbook)``."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        fill(book)
    return buffer.getvalue()


def sample_xlsx() -> bytes:
    def fill(book):
        sheet = book.add_worksheet("销售")
        sheet.write(0, 0, "2026 年销售表")
        sheet.write_row(2, 0, ["姓名", "金额", "日期", "达标"])
        sheet.write_row(3, 0, ["张三", 1200.0])
        sheet.write_datetime(3, 2, datetime.datetime(2026, 1, 2), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_boolean(3, 3, True)
        sheet.write(4, 0, "李四")
        sheet.write_formula(4, 1, "=0.1+0.2", None, 0.1 + 0.2)
        book.add_worksheet("空表")
        hidden = book.add_worksheet("隐藏")
        hidden.write(0, 0, "不应出现")
        hidden.hide()

    return workbook(fill)


def sample_ods() -> bytes:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'.format
    rows = "".join(
        "<table:table-row>" + "".join(map(cell, row)) + "</table:table-row>"
        for row in (["城市", "人口"], ["杭州", "一千万"])
    )
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f"<office:document-content {names}><office:body><office:spreadsheet>"
        f'<table:table table:name="城市">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    return zipped({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


def sample_odt(**more: str | bytes) -> bytes:
    """An OpenDocument text; its history, comment and contents are no text of it."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    item = "<text:list-item><text:p>{}</text:p>{}</text:list-item>".format
    inner = f"<text:list>{item('内层', '')}</text:list>"
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>".format
    rows = "".join(
        "<table:table-row>" + "".join(map(cell, row)) + "</table:table-row>" for row in (["模型", "得分"], ["甲", "91"])
    )
    note = (
        "<text:note-citation>1</text:note-citation><text:note-body><text:p>数据来自公开评测。</text:p></text:note-body>"
    )
    comment = "<office:annotation><text:p>批注</text:p></office:annotation>"
    body = (
        "<text:tracked-changes><text:p>删去的</text:p></text:tracked-changes>"
        "<text:table-of-content><text:index-body><text:p>目录第一行</text:p></text:index-body></text:table-of-content>"
        '<text:h text:outline-level="1">第一章 绪论</text:h>'
        f"<text:p>大语言模型的<text:span>评测</text:span>需要统一的{comment}标准。"
        f"<text:note>{note}</text:note></text:p>"
        f"<text:list>{item('检索增强生成', inner)}{item('提示工程', '')}</text:list>"
        '<text:h text:outline-level="2">1.1 研究背景</text:h>'
        f'<table:table>{rows}</table:table><text:p>前<text:s text:c="2"/>后</text:p>'
    )
    body = f"<office:body><office:text>{body}</office:text></office:body>"
    content = f"<office:document-content {names}>{body}</office:document-content>"
    meta = (
        '<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta><dc:title>评测报告</dc:title></office:meta>'
        "</office:document-meta>"
    )
    kind = "application/vnd.oasis.opendocument.text"
    return zipped({"mimetype": kind, "content.xml": content, "meta.xml": meta, **more})


def sample_epub(**more: str) -> bytes:
    page = "<html xmlns='http://www.w3.org/1999/xhtml'><head><title>x</title></head><body>{}</body></html>".format
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    item = '<item id="{0}" href="{1}" media-type="application/xhtml+xml"{2}/>'.format
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        "<dc:title>机器学习小书</dc:title><dc:creator>周老师</dc:creator><dc:language>zh</dc:language></metadata><manifest>"
        + item("nav", "nav.xhtml", ' properties="nav"')
        + item("b", "text/%E7%AC%AC%E4%BA%8C%E7%AB%A0.xhtml", "")
        + item("a", "text/one.xhtml", "")
        + '</manifest><spine><itemref idref="nav"/><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "OEBPS/book.opf": package,
            "OEBPS/nav.xhtml": page("<nav><ol><li>第一章</li></ol></nav>"),
            "OEBPS/text/one.xhtml": '<?xml version="1.0"?><!DOCTYPE html>'
            + page("<h1>第一章 监督学习</h1><p>标注数据很重要。</p>"),
            "OEBPS/text/第二章.xhtml": page("<h1>第二章 无监督学习</h1><h2>2.1 聚类</h2><p>相近的样本归为一类。</p>"),
            **more,
        }
    )


def sample_eml() -> bytes:
    mail = EmailMessage()
    mail["From"] = "张三 <zhang@example.cn>"
    mail["To"] = "li@example.cn"
    mail["Date"] = "Mon, 02 Mar 2026 09:30:00 +0800"
    mail["Subject"] = "会议纪要：模型评测"
    mail.set_content("各位：\n\n评测推迟到周五。\n\n张三")
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="评测结果.pdf")
    return mail.as_bytes()


HTML = """<!DOCTYPE html><html><head><meta charset="gb2312"><title>入门教程 - 站点</title>
<style>p{color:red}</style><script>var secret = "脚本";</script></head><body>
<header><a href="/">首页</a></header><nav><ul><li>导航</li></ul></nav>
<main><h1>入门教程</h1><p>今天天气很好，
适合学习<b>检索增强</b>生成。<br>第二行</p><div hidden>隐藏文字</div>
<h2>安装<a class="headerlink" href="#x">¶</a></h2>
<ul><li>第一步<ul><li>下载</li></ul></li><li>第二步</li></ul>
<table><tr><th>城市</th><th>区</th></tr><tr><td rowspan="2">杭州</td><td>西湖</td></tr><tr><td>滨江</td></tr></table>
<pre><code>def f():
    return 1
</code></pre><form><input name="q"><button>搜索</button></form></main>
<footer>版权所有</footer></body></html>"""

RTF = (
    rb"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fnil\fcharset134 \'cb\'ce\'cc\'e5;}}{\info{\title x}}\uc2"
    rb"\pard\f0 \'b9\'d8\'d3\'da\'d4\'a4\'cb\'e3\'b5\'c4\'cd\'a8\'d6\'aa\par "
    rb"\u26417\'d6\'ec\u-27307\'e9\'46\u22522\'bb\'f9 \u-10179??\u-8704?? \ldblquote\'d2\'fd\'ba\'c5\rdblquote\par"
    rb"\trowd \'d0\'d5\'c3\'fb\cell \'b7\'d6\cell\row\trowd \'d5\'c5\'c8\'fd\cell 9\cell\row}"
)

RST = r"""入门
====

.. 注释不是正文

检索增强生成\ **先找后写**\ ，见\ `官网 <https://example.cn>`_\ 。

安装
----

运行::

    def f():
        return 1

- 第一步
  接着

- 第二步

==== ====
模型 得分
==== ====
甲   91
==== ====

.. toctree::
   :maxdepth: 2

   别的页

选项
~~~~

.. warning::

   请备份。
"""

ORG = """#+TITLE: 手册
* 入门
:PROPERTIES:
:CUSTOM_ID: 起点
:END:
检索增强生成先找后写，见[[https://example.cn][官网]]。
# 注释
** TODO 安装 :标签:
SCHEDULED: <2026-03-02 Mon>
- 第一步
- 第二步

#+begin_src python
def f():
    return 1
#+end_src
| 模型 | 得分 |
|------+------|
| 甲   | 91   |
"""

PYTHON = '''"""模块说明。"""

import os


class Reader:
    """读取器。"""

    # 打开文件
    @property
    def path(self) -> str:
        return os.path.join("a", "b")


async def main():
    await run()


main()
'''

SRT = """1
00:00:01,000 --> 00:00:03,500
大家好，

2
00:00:03,600 --> 00:00:06,000
今天我们讲<i>检索增强生成</i>。

3
00:01:20,000 --> 00:01:22,000
Next we look at
the code.
"""

VTT = """WEBVTT

NOTE 制作说明

00:01.000 --> 00:03.000 align:start
<v 老师>同学们好。

00:03.000 --> 00:05.000
<v 学生>老师好。
"""

NOTEBOOK = """{"nbformat": 4, "metadata": {"kernelspec": {"language": "python"}}, "cells": [
{"cell_type": "markdown", "source": ["# 第一课\\n", "\\n", "安装依赖。"]},
{"cell_type": "code", "source": "print('你好')", "outputs": [{"output_type": "stream", "text": ["你好\\n"]}]}]}"""

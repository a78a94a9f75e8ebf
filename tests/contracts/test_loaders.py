"""What every format owes: a real sample that loads to its text, with its headings, in Chinese, without a network."""

import socket
from pathlib import Path
from typing import NamedTuple

import format_samples as samples
import pytest

from ingestion.errors import IngestionError
from ingestion.load import supported_extensions
from ingestion.load.source_code import SOURCE_TYPES
from ingestion.prepare import prepare

PDFS = Path(__file__).parents[1] / "ingestion" / "fixtures"


class Sample(NamedTuple):
    """A file, text it must give, and the heading paths it must give, in order."""

    data: bytes
    texts: tuple[str, ...]
    headings: tuple[tuple[str, ...], ...] = ()


def source(text: str, *headings: tuple[str, ...]) -> Sample:
    return Sample(text.encode(), (text.strip().split("\n")[-1], "注释"), headings)


WORD = Sample(
    samples.sample_docx(),
    (
        "大语言模型的评测需要统一的标准。",
        "- 检索增强生成\n- 提示工程",
        "模型 | 得分\n甲 | 91",
        "1. 脚注：数据来自公开评测。",
    ),
    (("第一章 绪论",), ("第一章 绪论", "1.1 研究背景"), ("第二章 方法",)),
)
SLIDES = Sample(
    samples.sample_pptx(),
    ("什么是嵌入\n怎样检索", "讲者备注：这里演示检索。", "方案 | 延迟\n本地 | 12 毫秒"),
    (("向量数据库",), ("对比",)),
)
WORKBOOK = Sample(
    samples.sample_xlsx(),
    ("2026 年销售表", "姓名: 张三 | 金额: 1200 | 日期: 2026-01-02 | 达标: TRUE", "姓名: 李四 | 金额: 0.3"),
    (("销售",),),
)
PAGE = Sample(
    samples.HTML.encode("gb18030"),
    ("今天天气很好，适合学习检索增强生成。", "- 第一步\n  - 下载\n- 第二步", "杭州 | 滨江", "def f():\n    return 1"),
    (("入门教程",), ("入门教程", "安装")),
)
MARKDOWN = Sample(
    "# 标题\n\n正文第一段。\n\n## 小节\n\n内容。".encode(), ("正文第一段。",), (("标题",), ("标题", "小节"))
)
SCRIPT = "// 注释\nexport async function load(path) {\n  return 1;\n}\nconst add = (a, b) => {\n  return a + b;\n};\n"
C_SOURCE = "/* 注释 */\nstruct node {\n    int value;\n};\n\nstatic int add(int a, int b)\n{\n    return a + b;\n}\n"
JAVA = "// 注释\npublic class Main {\n    public static int add(int a, int b) {\n        return a + b;\n    }\n}\n"
LINES = '{"问题": "什么是嵌入", "答案": "向量"}\n{"问题": "什么是检索", "答案": "查找"}\n'.encode()
JSON = '{"名称": "配置", "模型": [{"名字": "甲", "温度": 0.70}], "深": {"一": {"二": {"三": "底"}}}}'.encode()

#: Formats an optional extra reads; tests/ingestion/test_outlook.py holds what they owe.
BY_EXTRA = {".msg"}

SAMPLES: dict[str, Sample] = {
    ".pdf": Sample(
        (PDFS / "chinese.pdf").read_bytes(),
        ("利用经验来改善系统自身的",),
        (("绪论",), ("模型评估",), ("线性模型",), ("决策树",)),
    ),
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": Sample("第一段。\n\n第二段，GB18030 编码。".encode("gb18030"), ("第一段。", "第二段，GB18030 编码。")),
    ".html": PAGE,
    ".htm": PAGE,
    ".xhtml": PAGE,
    ".docx": WORD,
    ".docm": WORD,
    ".pptx": SLIDES,
    ".pptm": SLIDES,
    ".xlsx": WORKBOOK,
    ".xlsm": WORKBOOK,
    ".xls": Sample(
        (samples.FIXTURES / "table.xls").read_bytes(), ("姓名: 张三 | 分数: 92.5 | 日期: 2026-03-01",), (("成绩",),)
    ),
    ".ods": Sample(samples.sample_ods(), ("城市: 杭州 | 人口: 一千万",), (("城市",),)),
    ".odt": Sample(
        samples.sample_odt(),
        (
            "大语言模型的评测需要统一的标准。",
            "- 检索增强生成\n  - 内层\n- 提示工程",
            "模型 | 得分\n甲 | 91",
            "1. 数据来自公开评测。",
        ),
        (("第一章 绪论",), ("第一章 绪论", "1.1 研究背景")),
    ),
    ".rtf": Sample(samples.RTF, ("关于预算的通知", "朱镕基 😀 “引号”", "姓名 | 分\n张三 | 9")),
    ".rst": Sample(
        samples.RST.encode("gb18030"),
        (
            "检索增强生成先找后写，见官网。",
            "def f():\n    return 1",
            "- 第一步\n  接着\n- 第二步",
            "模型 | 得分\n甲 | 91",
            "请备份。",
        ),
        (("入门",), ("入门", "安装"), ("入门", "安装", "选项")),
    ),
    ".org": Sample(
        samples.ORG.encode(),
        ("检索增强生成先找后写，见官网。", "def f():\n    return 1", "- 第一步\n- 第二步", "模型 | 得分\n甲 | 91"),
        (("入门",), ("入门", "安装")),
    ),
    ".csv": Sample('姓名,城市\n张三,"北京, 朝阳"\n李四,上海\n'.encode("gb18030"), ("姓名: 张三 | 城市: 北京, 朝阳",)),
    ".tsv": Sample("姓名\t城市\n张三\t北京\n".encode(), ("姓名: 张三 | 城市: 北京",)),
    ".epub": Sample(
        samples.sample_epub(),
        ("标注数据很重要。", "相近的样本归为一类。"),
        (("第一章 监督学习",), ("第二章 无监督学习",), ("第二章 无监督学习", "2.1 聚类")),
    ),
    ".eml": Sample(
        samples.sample_eml(),
        ("From: 张三 <zhang@example.cn>", "评测推迟到周五。", "- 评测结果.pdf"),
        (("会议纪要：模型评测",),),
    ),
    ".json": Sample(
        JSON, ("名称: 配置", "名字: 甲\n温度: 0.70", "三: 底"), (("模型",), ("深",), ("深", "一"), ("深", "一", "二"))
    ),
    ".jsonl": Sample(LINES, ("问题: 什么是嵌入\n答案: 向量", "问题: 什么是检索")),
    ".ndjson": Sample(LINES, ("问题: 什么是嵌入\n答案: 向量", "问题: 什么是检索")),
    ".ipynb": Sample(samples.NOTEBOOK.encode(), ("安装依赖。", "```python\nprint('你好')\n```"), (("第一课",),)),
    ".srt": Sample(
        samples.SRT.encode(), ("[00:00:01] 大家好，今天我们讲检索增强生成。", "[00:01:20] Next we look at the code.")
    ),
    ".vtt": Sample(samples.VTT.encode(), ("[00:00:01] 老师: 同学们好。学生: 老师好。",)),
    ".py": Sample(
        samples.PYTHON.encode(),
        ('        return os.path.join("a", "b")',),
        (("class Reader",), ("class Reader", "def path(self) -> str"), ("async def main()",)),
    ),
    **dict.fromkeys(
        (".js", ".jsx", ".mjs", ".ts", ".tsx", ".vue"),
        source(SCRIPT, ("export async function load(path)",), ("const add = (a, b) =>",)),
    ),
    **dict.fromkeys(
        (".c", ".h", ".cc", ".cpp", ".hpp"), source(C_SOURCE, ("struct node",), ("static int add(int a, int b)",))
    ),
    **dict.fromkeys(
        (".java", ".cs"),
        source(JAVA, ("public class Main",), ("public class Main", "public static int add(int a, int b)")),
    ),
    ".kt": source("// 注释\nfun add(a: Int): Int {\n    return a\n}\n", ("fun add(a: Int): Int",)),
    ".scala": source(
        "// 注释\nobject Main {\n  def add(a: Int) = a\n}\n", ("object Main",), ("object Main", "def add(a: Int) = a")
    ),
    ".swift": source("// 注释\nfunc add(a: Int) -> Int {\n    return a\n}\n", ("func add(a: Int) -> Int",)),
    ".go": source("// 注释\nfunc (s *Server) Start() error {\n\treturn nil\n}\n", ("func (s *Server) Start() error",)),
    ".rs": source("/// 注释\npub fn add(a: i32) -> i32 {\n    a\n}\n", ("pub fn add(a: i32) -> i32",)),
    ".php": source("// 注释\nfunction add($a) {\n    return $a;\n}\n", ("function add($a)",)),
    ".rb": source("# 注释\nclass A\n  def add(a)\n    a\n  end\nend\n", ("class A",), ("class A", "def add(a)")),
    ".lua": source("-- 注释\nfunction add(a)\n  return a\nend\n", ("function add(a)",)),
    ".r": source("# 注释\nadd <- function(a) a + 1\n"),
    ".sh": source("# 注释\nbuild() {\n  make\n}\n", ("build()",)),
    ".ps1": source("# 注释\nfunction Get-Name {\n  1\n}\n", ("function Get-Name",)),
    ".bat": source("rem 注释\necho 1\n"),
    ".sql": source("-- 注释\nCREATE TABLE IF NOT EXISTS 用户 (\n  id INT\n);\n", ("CREATE TABLE IF NOT EXISTS 用户",)),
    ".css": source("/* 注释 */\np { color: red }\n"),
    **dict.fromkeys((".yaml", ".yml"), source("# 注释\nservices:\n  web: 1\n", ("services",))),
    **dict.fromkeys((".toml", ".ini"), source("# 注释\n[tool.ruff]\nline-length = 120\n", ("[tool.ruff]",))),
    ".xml": source("<!-- 注释 -->\n<a>文字</a>\n"),
}


def test_every_format_has_a_sample() -> None:
    assert set(SAMPLES) == set(supported_extensions()) - BY_EXTRA


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a loader asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("extension", SAMPLES)
@pytest.mark.usefixtures("no_network")
def test_sample_gives_its_text_and_headings(extension: str) -> None:
    sample = SAMPLES[extension]
    prepared = prepare(sample.data, f"样本{extension}")
    text = prepared.document.text
    assert [wanted for wanted in sample.texts if wanted not in text] == []
    assert tuple(block.heading for block in prepared.document.blocks if block.kind == "heading") == sample.headings
    assert all(chunk.text == text[chunk.start : chunk.end] for chunk in prepared.chunks)


def verdict(data: bytes, name: str) -> str:
    """Return the code of why a file cannot be read, or ok."""
    try:
        return "ok" if prepare(data, name).chunks else "nothing"
    except IngestionError as error:
        return error.code


@pytest.mark.parametrize("extension", SAMPLES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_off_loads_or_says_why(extension: str, share: float) -> None:
    data = SAMPLES[extension].data
    cut = data[: int(len(data) * share)]
    assert verdict(cut, f"样本{extension}") in ("ok", "damaged", "no_text", "binary", "not_a_pdf")


@pytest.mark.parametrize("extension", SAMPLES)
@pytest.mark.parametrize("data", [b"\n \n", bytes(2000), bytes(range(256)) * 20], ids=["blank", "zeros", "binary"])
def test_what_is_no_such_file_is_refused(extension: str, data: bytes) -> None:
    assert verdict(data, f"样本{extension}") in ("no_text", "damaged", "binary", "not_a_pdf")


@pytest.mark.parametrize("extension", sorted(SOURCE_TYPES))
def test_source_is_shown_as_it_is(extension: str) -> None:
    sample = SAMPLES[extension]
    assert prepare(sample.data, f"a{extension}").document.text == sample.data.decode()

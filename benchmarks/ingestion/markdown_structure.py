"""Check the Markdown structure of a folder: ``python benchmarks/ingestion/markdown_structure.py FOLDER``.

The truth comes from an independent parser (marko, GFM; no dependency of the product): top-level headings,
fenced code and tables. Headings written in HTML are counted apart, since marko knows none.
"""

import argparse
import re
import time
from pathlib import Path

import source_tree  # noqa: F401 - before our own packages

from ingestion.errors import IngestionError
from ingestion.models import Document, PreparedDocument
from ingestion.pipeline import prepare


def truth(text: str) -> tuple[list[str], list[str], int]:
    """Return the headings, the bodies of fences and the number of tables that marko sees at the top level."""
    from marko.ext.gfm import gfm

    headings, fences, tables = [], [], 0
    for node in gfm.parse(text).children:
        kind = type(node).__name__
        if kind in ("Heading", "SetextHeading"):
            headings.append(_letters(_plain(node)))
        elif kind == "FencedCode":
            fences.append(node.children[0].children)
        tables += kind == "Table"
    return headings, fences, tables


def _plain(node: object) -> str:
    children = getattr(node, "children", "")
    if isinstance(children, str):
        return "" if type(node).__name__ == "InlineHTML" else children
    return "".join(_plain(child) for child in children)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def own_headings(document: Document) -> tuple[list[str], int]:
    """Return our Markdown headings, and how many more are written in HTML."""
    blocks = [block for block in document.blocks if block.kind == "heading"]
    is_html = [document.text[block.start : block.end].lstrip().startswith("<") for block in blocks]
    return [_letters(b.heading[-1]) for b, html in zip(blocks, is_html, strict=True) if not html], sum(is_html)


def whole(prepared: PreparedDocument, body: str) -> bool:
    """Whether one chunk holds the whole fence, character for character."""
    return any(body.strip("\n") in chunk.text for chunk in prepared.chunks)


def main() -> None:
    """Print the counts over all files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    counts = dict.fromkeys(("files", "headings", "found", "invented", "html", "fences", "whole", "tables", "own"), 0)
    cpu_s = byte_count = 0.0
    for path in sorted(parser.parse_args().folder.rglob("*.md")):
        data = path.read_bytes()
        started = time.process_time()
        try:
            prepared = prepare(data, path.name)
        except IngestionError as error:
            print(f"{path.name}: {error.code} ({len(data)} bytes)")
            continue
        cpu_s += time.process_time() - started
        byte_count += len(data)
        headings, fences, tables = truth(re.sub("\r\n?", "\n", prepared.document.text))
        own, html = own_headings(prepared.document)
        lost = [h for h in headings if own.count(h) < headings.count(h)]
        extra = [h for h in own if headings.count(h) < own.count(h)]
        broken = [body for body in fences if not whole(prepared, body)]
        for name, items in (("heading lost", lost), ("heading invented", extra), ("fence cut", broken)):
            if items:
                print(f"{path.name}: {name}: {[item[:40] for item in items][:3]}")
        own_tables = sum(block.kind == "table" for block in prepared.document.blocks)
        found = (1, len(headings), len(headings) - len(lost), len(extra), html)
        found += (len(fences), len(fences) - len(broken), tables, own_tables)
        counts = {key: counts[key] + value for key, value in zip(counts, found, strict=True)}
    print(counts)
    print(f"{byte_count / 1e6:.2f} MB in {cpu_s:.2f} s of CPU: {byte_count / 1e6 / cpu_s:.1f} MB/s")


if __name__ == "__main__":
    main()

"""How often a sentence is marked as unsupported: true statements, and sentences of another passage.

    python benchmarks/chat/support.py /path/to/cmrc2018_dev.json /path/to/xquad.en.json

A true statement is a question with its answer behind it; the question itself is not given to the check.
"""

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ingestion.sentences import split_sentences
from kb_app.models import Source
from kb_app.services.answers.support import content_terms, unsupported

_STATEMENTS, _LEAST_TERMS = 1_500, 5


def source(text: str) -> Source:
    """Return the passage an answer cites."""
    return Source(marker=1, base_id="", document_id="", document="", chunk_id="", text=text, score=1.0)


def marked(statement: str, passage: str) -> bool | None:
    """Return whether a statement is marked, None where it is too short to be judged."""
    if len(content_terms(statement)) < _LEAST_TERMS:
        return None
    return bool(unsupported(f"{statement}[1]", "", [source(passage)]))


def main() -> None:
    """Measure each file and print."""
    for path in map(Path, sys.argv[1:]):
        chance = random.Random(1)
        paragraphs = [one for article in json.loads(path.read_text())["data"] for one in article["paragraphs"]]
        contexts = [one["context"] for one in paragraphs]
        asked = [(one["context"], question) for one in paragraphs for question in one["qas"]]
        chance.shuffle(asked)
        true, other = [], []
        for context, question in asked[:_STATEMENTS]:
            words, answer = question["question"].rstrip("?？"), question["answers"][0]["text"]
            true.append(marked(f"{words} is {answer}." if words.isascii() else f"{words}是{answer}。", context))
            stranger = chance.choice([one for one in contexts if one != context])
            start, end = chance.choice(split_sentences(stranger))
            other.append(marked(stranger[start:end], context))
        for name, found in (("true statements", true), ("sentences of another passage", other)):
            judged = [one for one in found if one is not None]
            print(f"{path.name}: {name}: {len(judged)} judged, {sum(judged) / len(judged):.1%} marked")


if __name__ == "__main__":
    main()

"""Every export goes through the trainers' own loaders and converters; nothing may be dropped or changed.

Run in two environments, since the trainers need torch:

    python benchmarks/corrections/acceptance.py make FOLDER     (the app's environment)
    python benchmarks/corrections/acceptance.py check FOLDER    (one with datasets, trl, transformers, llamafactory)
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

COUNT = 200


def make(folder: Path) -> None:
    """Export invented corrections in every format, with and without passages."""
    from corpus import app_with_corrections

    from kb_app.services.training.exporting import USUAL_SPLIT, ExportRequest
    from kb_app.services.training.formats import FORMATS

    app, base_id = app_with_corrections(folder / "data", COUNT)
    with app:
        for name in FORMATS:
            for context in (False, True):
                request = ExportRequest(base_id=base_id, format=name, shares=USUAL_SPLIT, with_context=context)
                app.exports.write(request, folder / "exports" / f"{name}{'+context' if context else ''}")


def check(folder: Path) -> None:
    """Load and convert what ``make`` wrote; exit with the first difference."""
    from datasets import load_dataset

    for out in sorted((folder / "exports").iterdir()):
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        data = load_dataset(str(out), cache_dir=str(folder / "cache"))
        assert {split: len(rows) for split, rows in data.items()} == manifest["counts"], out.name
        notes = [f"datasets {sum(manifest['counts'].values())} in {len(data)} splits"]
        name = manifest["format"]
        if name in ("openai", "dpo", "kto"):
            notes.append(_through_trl(name, data))
        if json.loads((out / "dataset_info.json").read_text(encoding="utf-8")):
            notes.append(_through_llama_factory(out, name, data))
        print(f"{out.name:22} {'; '.join(notes)}", flush=True)


def _through_trl(name: str, data: Any) -> str:
    """Apply TRL's own templating to every example, as its trainers do before they tokenize."""
    from trl.data_utils import is_conversational, maybe_apply_chat_template, maybe_extract_prompt

    tokenizer = _Tokenizer()
    count = 0
    for rows in data.values():
        for row in rows:
            assert is_conversational(row), row
            made = maybe_apply_chat_template(maybe_extract_prompt(row), tokenizer)
            for key in {"openai": ("text",), "dpo": ("prompt", "chosen", "rejected"), "kto": ("prompt", "completion")}[
                name
            ]:
                assert made[key].strip(), (key, row)
            if name == "dpo":
                assert made["chosen"] != made["rejected"]
                assert row["chosen"][0]["content"] in made["chosen"]
            count += 1
    return f"TRL {count}"


_TEMPLATED = {"openai": ("text",), "dpo": ("prompt", "chosen", "rejected"), "kto": ("prompt", "completion")}


class _Tokenizer:
    """A tokenizer with ChatML's template, which TRL asks for the text; the network has no real one."""

    eos_token = "<|im_end|>"
    chat_template = "chatml"

    def apply_chat_template(self, messages: Any, tools: Any = None, tokenize: bool = False, **options: Any) -> str:
        text = "".join(f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n" for turn in messages)
        return text + ("<|im_start|>assistant\n" if options.get("add_generation_prompt") else "")


def _through_llama_factory(out: Path, name: str, data: Any) -> str:
    """Read the register and convert every example with LLaMA-Factory's own classes; broken ones come out empty."""
    import transformers  # noqa: F401 - looks for packages itself, so the stand-ins below come after it

    for media in ("av", "torchaudio"):  # for sound and video, which these data have none of
        if media not in sys.modules and find_spec(media) is None:
            sys.modules[media] = ModuleType(media)
    from llamafactory.data.converter import get_dataset_converter
    from llamafactory.data.parser import get_dataset_list

    info = json.loads((out / "dataset_info.json").read_text(encoding="utf-8"))
    registered = {entry["file_name"]: entry["file_name"].split(".")[0] for entry in info.values()}
    count = 0
    for attribute in get_dataset_list(list(info), str(out)):
        options = SimpleNamespace(media_dir=str(out), streaming=False)
        convert = get_dataset_converter(attribute.formatting, attribute, options)
        rows = data[registered[str(attribute.dataset_name)]]
        for row in rows:
            made = convert(row)
            wanted = 2 if name.startswith(("dpo", "kto")) else 1
            assert len(made["_prompt"]) % 2 == 1, (attribute.dataset_name, row)
            assert made["_prompt"][-1]["content"].strip()
            assert len(made["_response"]) == wanted, (attribute.dataset_name, row)
            if not name.startswith("kto"):
                assert all(turn["content"].strip() for turn in made["_response"])
            count += 1
    return f"LLaMA-Factory {count}"


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](Path(sys.argv[2]))

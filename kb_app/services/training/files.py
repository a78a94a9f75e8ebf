"""The files of an export: the examples by split, ``dataset_info.json``, a manifest, and a data card."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from kb_app.errors import ExportFolderError
from kb_app.models import Split
from kb_app.services.training.formats import FORMATS, Example, ExportFormat, Format

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
#: Columns that are left out where no example has anything in them, so that every row has the same type.
_OPTIONAL = ("system", "history")
_BESIDE = frozenset({"dataset_info.json", "README.md", "manifest.json"})


def data_files(name: ExportFormat, examples: Sequence[Example]) -> dict[str, bytes]:
    """Return file name -> bytes, one file for each split that has examples, each parsed again and found equal."""
    how = FORMATS[name]
    rows = [how.row(example) for example in examples]
    unused = [key for key in _OPTIONAL if how.ending != "csv" and not any(row.get(key) for row in rows)]
    rows = [{key: value for key, value in row.items() if key not in unused} for row in rows]
    files = {}
    for split in SPLITS:
        chosen = [row for row, example in zip(rows, examples, strict=True) if example.split == split]
        if chosen:
            data = _written(how, chosen)
            assert _read(how, data) == chosen, "an export must read back as it was written"
            files[f"{split}.{how.ending}"] = data
    return files


def _written(how: Format, rows: Sequence[Mapping[str, Any]]) -> bytes:
    match how.ending:
        case "json":
            text = "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"
        case "jsonl":
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        case "csv":
            buffer = io.StringIO(newline="")
            columns = list(dict.fromkeys(chain.from_iterable(rows)))
            writer = csv.DictWriter(buffer, columns, lineterminator="\r\n")  # so that a lone \r is quoted, too
            writer.writeheader()
            writer.writerows(rows)
            text = buffer.getvalue()
    return text.encode()


def _read(how: Format, data: bytes) -> list[dict[str, Any]]:
    text = data.decode()
    match how.ending:
        case "json":
            return list(json.loads(text))
        case "jsonl":
            return [json.loads(line) for line in text.split("\n") if line]
        case "csv":
            csv.field_size_limit(max(csv.field_size_limit(), len(text)))
            return list(csv.DictReader(io.StringIO(text, newline="")))


def dataset_info(name: ExportFormat, files: Mapping[str, bytes]) -> bytes:
    """Return LLaMA-Factory's register of the files: one data set a split, named ``kb_<format>_<split>``."""
    info = FORMATS[name].info
    if info is None:
        return b"{}\n"
    entries = {}
    for file, data in files.items():
        # Only columns that are there may be named.
        head = data[: 1 << 20].decode(errors="ignore")
        columns = {key: column for key, column in info["columns"].items() if f'"{column}":' in head}
        entries[f"kb_{name.replace('-', '_')}_{file.split('.')[0]}"] = {"file_name": file, **info, "columns": columns}
    return _json(entries)


def manifest(files: Mapping[str, bytes], counts: Mapping[str, int], facts: Mapping[str, Any]) -> bytes:
    """Return what was exported, how, and the digest of every file."""
    listed = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "examples": counts.get(name)}
        for name, data in files.items()
    ]
    return _json({**facts, "files": listed})


def data_card(name: ExportFormat, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> bytes:
    """Return the README of the data set, whose header lets ``datasets.load_dataset(FOLDER)`` find the files."""
    splits = "\n".join(f"  - split: {file.split('.')[0]}\n    path: {file}" for file in files)
    register = "\n".join(f"- `{entry}`" for entry in json.loads(dataset_info(name, files)))
    found = ", ".join(f"{kind}: {count}" for kind, count in facts["personal_data"]["found"].items()) or "none"
    lines = [
        f"---\nlicense: other\nconfigs:\n- config_name: default\n  data_files:\n{splits}\n---\n",
        f"# {facts['base']['name']}: corrected answers ({name})\n",
        "Questions to a knowledge base with the answers people approved.\n",
        f"- Format: `{name}`" + (f", for {FORMATS[name].trainer}" if FORMATS[name].trainer else ""),
        f"- Examples: {facts['examples']} " + json.dumps(facts["counts"]),
        f"- Split: {facts['split']['shares'] or 'none'}; by {facts['split']['by']}, seed {facts['split']['seed']}",
        f"- Context: {facts['context']}",
        f"- Personal data found by rules: {found}; masked: {'yes' if facts['personal_data']['masked'] else 'no'}."
        " Rules do not find everything: read the data before you pass it on.",
        f"- Licence: {facts['licence']}",
        f"- Left out: {len(facts['left_out'])} (see `manifest.json`)\n",
        "```python\nfrom datasets import load_dataset\n\ndata = load_dataset('PATH_OF_THIS_FOLDER')\n```\n",
        f"LLaMA-Factory (`dataset_dir`: this folder):\n\n{register}\n" if register else "",
    ]
    return "\n".join(lines).encode()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def remove_older(folder: Path) -> None:
    """Remove an older export, whose splits would be taken for this one's. Raises ExportFolderError for other files."""
    present = list(folder.iterdir())
    ours = _BESIDE | {f"{split}.{how.ending}" for split in SPLITS for how in FORMATS.values()}
    foreign = sorted(path.name for path in present if path.name not in ours)
    if foreign or (present and not _is_export(folder)):
        problem = ", ".join(foreign[:3]) or present[0].name
        raise ExportFolderError(problem, folder=str(folder), problem=problem)
    for path in present:
        path.unlink()


def _is_export(folder: Path) -> bool:
    """Return whether the folder's manifest is one of ours: other programs have files of that name, too."""
    try:
        found = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"format", "app_version", "files"} <= found.keys()

"""What Office files of every kind have in common."""

import zipfile

from ingestion.load.archive import read_member
from ingestion.load.safe_xml import local_name, parse_xml

_CORE = "docProps/core.xml"
_FIELDS = {"title": "title", "creator": "author", "subject": "subject", "created": "created", "modified": "modified"}


def core_properties(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the title, author and dates an Office file gives about itself; empty where it gives none.

    Raises:
        DamagedError: the part is broken.
    """
    if _CORE not in archive.namelist():
        return {}
    texts = {local_name(element): (element.text or "").strip() for element in parse_xml(read_member(archive, _CORE))}
    return {key: texts[name] for name, key in _FIELDS.items() if texts.get(name)}

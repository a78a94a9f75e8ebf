"""XML from untrusted files: no entities, no network, bounded depth."""

from typing import Any

from ingestion.errors import DamagedError


def parse_xml(data: bytes) -> Any:
    """Return the root element.

    Raises:
        DamagedError: it is not well-formed.
    """
    # Imported here: pages that only list the formats need no parser.
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DamagedError(f"XML: {error}") from error


def local_name(element: Any) -> str:
    """Return an element's name without its namespace; empty for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """Return an attribute by its name without namespace, empty where it is missing."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return ""

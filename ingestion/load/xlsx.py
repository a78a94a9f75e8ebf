"""Spreadsheets (xlsx, xlsm, xls, ods): each sheet is a section, each row a line of ``column: value``.

Calamine, in Rust, reads them some twenty times faster than Python can. It makes room for every cell of the used
rectangle, so two cells in far corners exhaust its memory: a limited worker has to run it, as with PDFium.
"""

import io
import re
from collections.abc import Sequence

from ingestion.errors import DamagedError, PasswordNeededError
from ingestion.load.archive import OLE_MAGIC, PARSER_ERRORS, is_encrypted_office, office_package, open_archive
from ingestion.load.block_writer import BlockWriter
from ingestion.load.office import core_properties
from ingestion.load.table_blocks import write_table
from ingestion.models import LoadedDocument, LoadLimits, Progress

_DEFAULT_NAME = re.compile(r"(?:Sheet|Tabelle|Feuil|工作表)\s*\d*", re.IGNORECASE)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_XLS = "application/vnd.ms-excel"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"


def load_xlsx(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the visible sheets' rows as blocks, formulas by their stored results.

    Raises:
        DamagedError, PasswordNeededError, PasswordWrongError, TooHeavyError: see ``office_package``.
        NoTextError: all visible sheets are empty.
    """
    is_old = data.startswith(OLE_MAGIC) and not is_encrypted_office(data)
    metadata: dict[str, str] = {}
    media_type = _XLS
    if is_old:
        _check_container(data)
    else:
        data = office_package(data, password)
        with open_archive(data) as archive:
            metadata = core_properties(archive)
            media_type = _ODS if "content.xml" in archive.namelist() else _XLSX
    writer = BlockWriter(limits)
    _write_sheets(data, writer)
    return writer.document(name, media_type, title=metadata.get("title", ""), metadata=metadata)


def _check_container(data: bytes) -> None:
    """Refuse an old file whose chains of sectors are broken: Calamine would follow a ring of them for ever.

    Raises:
        DamagedError: they are.
    """
    import olefile  # type: ignore[import-untyped]

    try:
        with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_INCORRECT) as container:
            container.loadminifat()
            is_broken = _has_ring(container.fat) or _has_ring(container.minifat or ())
    except PARSER_ERRORS as error:
        raise DamagedError(f"container: {error}") from error
    if is_broken:
        raise DamagedError("container: a ring of sectors")


def _has_ring(table: Sequence[int]) -> bool:
    """Whether a chain of an allocation table, where each sector names the next one, comes back to itself."""
    seen: dict[int, int] = {}
    for start in range(len(table)):
        if start in seen:
            continue
        sector = start
        while sector < len(table) and sector not in seen:
            seen[sector] = start
            sector = table[sector]
        if seen.get(sector) == start:
            return True
    return False


def _write_sheets(data: bytes, writer: BlockWriter) -> None:
    # Imported here: only workers that meet a spreadsheet need it.
    import python_calamine as calamine

    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible is calamine.SheetVisibleEnum.Visible and sheet.typ is calamine.SheetTypeEnum.WorkSheet
        ]
        for name in names:
            sheet = workbook.get_sheet_by_name(name)
            if not sheet.height:
                continue
            # A lone "Sheet1" says nothing about what is in it.
            if len(names) > 1 or not _DEFAULT_NAME.fullmatch(name):
                writer.heading(1, name)
            write_table(sheet.iter_rows(), writer)
    except calamine.PasswordError as error:
        raise PasswordNeededError() from error
    except (calamine.CalamineError, *PARSER_ERRORS) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    except BaseException as error:
        # A panic of the Rust code is no Exception, and its class has no public name.
        if type(error).__name__ != "PanicException":
            raise
        raise DamagedError(f"panic: {error}") from error

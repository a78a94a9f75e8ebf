"""Why a file could not be read. Each error has a stable ``code`` (the verdict) and JSON-able ``params``.

IngestionError
    EmptyFileError            empty_file       0 bytes
    NoTextError               no_text          readable, but it holds no text
    ScannedError              scanned          pages are pictures; needs OCR
    GarbledError              garbled          the text layer has no usable character map
    PasswordNeededError       password_needed
    PasswordWrongError        password_wrong
    DamagedError              damaged          cut off, or its structure is broken
    TooHeavyError             too_heavy        stopped at a memory, time or size limit
    NotAPdfError              not_a_pdf        named .pdf, is something else
    BinaryError               binary           named as text, is not
    UnsupportedFormatError    unsupported
    TranscriptionNeededError  transcription_needed  sound or video: its words have to be written down first
    ReaderMissingError        reader_missing   the optional library for its format is not installed
    OcrMissingError           ocr_missing      Tesseract is not installed
    OcrFailedError            ocr_failed
    EmbeddingError            bad_vectors      the embedder's vectors have a wrong number, length or value
"""

from typing import ClassVar


class IngestionError(Exception):
    """Root of everything that can be wrong with a file; the message is English, for logs."""

    code: ClassVar[str] = "ingestion"

    def __init__(self, detail: str = "", **params: str | int) -> None:
        """Keep ``detail`` for the log and ``params`` for the sentence shown to the user."""
        super().__init__(detail or self.code)
        self.detail = detail
        self.params = params

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the trip from a worker process, which the default pickling of keyword arguments does not."""
        return _rebuild, (type(self), self.detail, self.params)


def _rebuild(kind: type[IngestionError], detail: str, params: dict[str, str | int]) -> IngestionError:
    return kind(detail, **params)


class EmptyFileError(IngestionError):
    """The file has no bytes."""

    code = "empty_file"


class NoTextError(IngestionError):
    """The file can be read, but holds no text."""

    code = "no_text"


class ScannedError(IngestionError):
    """The pages are pictures without a text layer."""

    code = "scanned"


class GarbledError(IngestionError):
    """The text layer cannot be mapped to characters."""

    code = "garbled"


class ReaderMissingError(IngestionError):
    """The optional library that reads this format is not installed; ``params["command"]`` installs it."""

    code = "reader_missing"


class OcrMissingError(IngestionError):
    """Pages were to be recognised, and Tesseract is not installed."""

    code = "ocr_missing"


class OcrFailedError(IngestionError):
    """Tesseract failed."""

    code = "ocr_failed"


class PasswordNeededError(IngestionError):
    """The file is encrypted and no password was given."""

    code = "password_needed"


class PasswordWrongError(IngestionError):
    """The given password does not open the file."""

    code = "password_wrong"


class DamagedError(IngestionError):
    """The file is cut off or its structure is broken."""

    code = "damaged"


class TooHeavyError(IngestionError):
    """Reading was stopped at a memory, time, page or size limit."""

    code = "too_heavy"


class NotAPdfError(IngestionError):
    """The file is named .pdf but is something else."""

    code = "not_a_pdf"


class BinaryError(IngestionError):
    """The file is named as text but holds binary data."""

    code = "binary"


class UnsupportedFormatError(IngestionError):
    """No loader reads this kind of file."""

    code = "unsupported"


class TranscriptionNeededError(IngestionError):
    """The file is sound or video; its words have to be written down first."""

    code = "transcription_needed"


class EmbeddingError(IngestionError):
    """The embedder returned something other than one finite vector of its dimension for each text."""

    code = "bad_vectors"

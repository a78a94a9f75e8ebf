"""What was chosen about models: first and fallback model of a base, the fallback of the app, options, prices."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from kb_app.errors import ConfigurationError, ServerAddressError
from kb_app.models import ChatOptions, Price
from kb_app.providers.endpoint import clean_address
from kb_app.services.models.toml_file import TomlFile
from kb_app.settings import CHOICES_FILE, AnswerSettings, Settings
from kb_app.storage.bases import BaseRepository


class ModelChoices:
    """Choices that hold from the next question on. Safe to share between threads."""

    def __init__(self, settings: Settings, bases: BaseRepository) -> None:
        """Begin with ``settings``; those of a base are kept in ``bases``."""
        self._settings = settings
        self._bases = bases
        self._file = TomlFile(settings.data_dir / CHOICES_FILE)
        self._lock = threading.Lock()

    @property
    def fallback_model(self) -> str:
        """The model that steps in where the bases have none of their own; empty: none."""
        return self._settings.fallback_model

    def use(self, settings: Settings) -> None:
        """Take new settings."""
        with self._lock:
            self._settings = settings

    def price(self, model_id: str) -> Price | None:
        """Return what a model costs, None where no price was set."""
        one = self._settings.prices.get(model_id)
        return None if one is None else Price(prompt=one.prompt, completion=one.completion, currency=one.currency)

    def answer_options(self, model_id: str) -> ChatOptions:
        """Return how a model answers questions."""
        one = self._settings.answers.get(model_id, AnswerSettings())
        return ChatOptions(temperature=one.temperature, max_tokens=one.max_tokens, thinking=one.thinking)

    def set_price(self, model_id: str, price: Price | None) -> None:
        """Set or forget what a model costs. Raises ConfigurationError, StorageError."""
        values = price and {"prompt": price.prompt, "completion": price.completion, "currency": price.currency}
        self._change("prices", {model_id: values})

    def set_fallback_model(self, model_id: str) -> None:
        """Set the model that steps in for all bases without one of their own. Raises ConfigurationError, StorageError.

        What ``kb.toml`` or the environment says comes back when the choice is taken away.
        """
        self._change("", {"fallback_model": model_id or None})

    @property
    def onnx_mirror(self) -> str:
        """Address that ONNX models are fetched from; empty: the usual one."""
        return self._settings.onnx_mirror

    def set_onnx_mirror(self, address: str) -> None:
        """Set where ONNX models are fetched from, empty for the usual place.

        Raises:
            ServerAddressError: it is not an address.
            ConfigurationError, StorageError: the file cannot be read or written.
        """
        if address.strip():
            try:
                address = clean_address("onnx", address)
            except (ConfigurationError, ValueError) as error:
                raise ServerAddressError(str(error), address=address) from error
        self._change("", {"onnx_mirror": address.strip() or None})

    def set_base(self, base_id: str, *, model_id: str, fallback_model_id: str) -> None:
        """Set the models of a base; empty ones are the app's. Raises NotFoundError."""
        self._bases.get(base_id)
        self._bases.change(base_id, {"model_id": model_id, "fallback_model_id": fallback_model_id})

    def model_for(self, base_ids: Sequence[str]) -> str:
        """Return the model that the bases' questions start with, empty where they do not agree on one."""
        return _agreed([model_id for model_id, _ in self._bases.choices(base_ids).values()])

    def fallback_for(self, base_ids: Sequence[str]) -> str:
        """Return the model that steps in for questions to the bases: theirs where they agree, else the app's."""
        theirs = [fallback_id for _, fallback_id in self._bases.choices(base_ids).values()] if base_ids else []
        return _agreed(theirs) or self.fallback_model

    def _change(self, table: str, values: Mapping[str, Any]) -> None:
        with self._lock:
            before = self._file.read()
            section = before.get(table, {}) if table else before
            section = {name: value for name, value in {**section, **values}.items() if value is not None}
            self._file.write({**before, table: section} if table else section)
            try:
                self._settings = self._settings.fresh()
            except ConfigurationError:
                self._file.write(before)
                raise


def _agreed(model_ids: Sequence[str]) -> str:
    return model_ids[0] if model_ids and len(set(model_ids)) == 1 else ""

"""Getting models and removing them: on the Ollama server, and ONNX embedding models in the data folder."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from kb_app.errors import ModelNotFoundError
from kb_app.providers.ollama import OllamaProvider
from kb_app.providers.onnx import NAME as ONNX
from kb_app.providers.onnx_download import Download, RemoteModel, discard, remote_models
from kb_app.services.models.store_tasks import Report, StoreTask, StoreTasks

_COMMAND = re.compile(r"^\s*ollama\s+(pull|run)\s+")


class ModelStore(StoreTasks):
    """What is being done to the models of the Ollama server."""

    def __init__(self, provider: Callable[[], OllamaProvider], changed: Callable[[], None]) -> None:
        """Work on the server ``provider`` returns; ``changed`` is called when its models have changed."""
        super().__init__(changed)
        self._provider = provider

    def pull(self, name: str) -> None:
        """Begin to download a model; a pasted ``ollama pull`` before its name is taken off.

        Raises:
            ModelNotFoundError: no name was given.
        """
        model = _COMMAND.sub("", name).strip()
        if not model or any(letter.isspace() for letter in model):
            raise ModelNotFoundError("no name of a model", provider=OllamaProvider.name, model=name, address="")
        self.start(StoreTask(kind="pull", model=model), self._pull)

    def delete(self, model: str) -> None:
        """Begin to delete a model."""
        self.start(StoreTask(kind="delete", model=model), lambda task, _report: self._provider().delete(task.model))

    def _pull(self, task: StoreTask, report: Report) -> None:
        for step in self._provider().pull(task.model, task.hangup):
            report(step.done_bytes, step.total_bytes)


class OnnxStore(StoreTasks):
    """What is being done to the ONNX models in the data folder."""

    def __init__(
        self,
        folder: Path,
        mirror: Callable[[], str],
        changed: Callable[[], None],
        models: Sequence[RemoteModel] | None = None,
    ) -> None:
        """Keep models in ``folder``; ``mirror`` returns the address to fetch from, empty for the usual one."""
        super().__init__(changed)
        self._folder = folder
        self._mirror = mirror
        self._usual, known = remote_models()
        self._models = {model.name: model for model in (known if models is None else models)}

    @property
    def address(self) -> str:
        """Where models are fetched from."""
        return self._mirror() or self._usual

    def offered(self) -> list[RemoteModel]:
        """Return the models that can be fetched and are not there."""
        return [model for model in self._models.values() if not (self._folder / model.name).exists()]

    def fetch(self, name: str) -> None:
        """Begin to fetch a model, or go on with it. Raises ModelNotFoundError for one that is not in the list."""
        if name not in self._models:
            raise ModelNotFoundError("not in the list", provider=ONNX, model=name, address=self.address)
        self.start(StoreTask(kind="pull", model=name), self._fetch)

    def delete(self, name: str) -> None:
        """Begin to remove a model's folder, and what an unfinished download left."""
        self.start(StoreTask(kind="delete", model=name), lambda task, _report: discard(self._folder, task.model))

    def _fetch(self, task: StoreTask, report: Report) -> None:
        for step in Download(self._models[task.model], self.address, self._folder, task.hangup).run():
            report(step.done_bytes, step.total_bytes)

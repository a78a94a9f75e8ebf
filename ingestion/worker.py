"""The child side of limited work: ``python -m ingestion.worker`` serves calls over its standard streams.

Messages are pickles with their length before them. Importable without the app, cheap to start.
"""

import builtins
import importlib
import io
import os
import pickle
import queue
import struct
import sys
import threading
import time
from typing import IO, Any

from ingestion.models import LoadLimits

_LENGTH = struct.Struct(">Q")
_PLAIN_TYPES = frozenset(("tuple", "list", "dict", "set", "frozenset", "bytes", "bytearray", "str", "int", "float"))


class SafeUnpickler(pickle.Unpickler):
    """Unpickles plain types and this package's own: a worker taken over by a file cannot name anything else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the class if a worker may name it."""
        if module == "builtins":
            found = getattr(builtins, name, None)
            if name in _PLAIN_TYPES or (isinstance(found, type) and issubclass(found, Exception)):
                return found
        elif module in ("ingestion.models", "ingestion.errors"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not expected from a worker")


def write_message(stream: IO[bytes], message: object) -> None:
    """Write one message."""
    payload = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(payload)))
    stream.write(payload)
    stream.flush()


def read_message(stream: IO[bytes], unpickler: type[pickle.Unpickler] = pickle.Unpickler) -> Any:
    """Return the next message. Raises EOFError where there is none."""
    header = stream.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        raise EOFError
    payload = stream.read(_LENGTH.unpack(header)[0])
    return unpickler(io.BytesIO(payload)).load()


def main() -> None:
    """Serve requests from standard input until it ends, which it does when the parent dies."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(requests,), daemon=True).start()
    while True:
        target, arguments, limits, wants_progress = requests.get()
        _limit(limits)
        if wants_progress:
            arguments["on_progress"] = lambda *values: write_message(replies, ("progress", values))
        reply = _call(target, arguments)
        arguments.clear()
        _unlimit()
        write_message(replies, reply)


def _receive(requests: "queue.SimpleQueue[Any]") -> None:
    """Queue what the parent sends; when it is gone, end the process even in the middle of work."""
    try:
        while True:
            requests.put(read_message(sys.stdin.buffer))
    except EOFError:
        os._exit(0)


def _call(target: str, arguments: dict[str, Any]) -> tuple[str, Any]:
    module, _, name = target.partition(":")
    try:
        return "result", getattr(importlib.import_module(module), name)(**arguments)
    except MemoryError:
        return "memory", None
    except Exception as error:  # noqa: BLE001 - the worker's boundary: the parent raises it again
        return "error", _portable(error)


def _portable(error: Exception) -> Exception:
    """Return the error if the parent can read it, else its description as a RuntimeError."""
    try:
        SafeUnpickler(io.BytesIO(pickle.dumps(error))).load()
    except Exception:  # noqa: BLE001 - pickling foreign errors can fail in any way
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _limit(limits: LoadLimits) -> None:
    """Bound memory and CPU time where the system can; elsewhere the parent's wall-clock limit is all there is."""
    if os.name != "posix":
        return
    import resource

    used = time.process_time()
    _set_soft(resource.RLIMIT_AS, limits.memory_bytes)
    _set_soft(resource.RLIMIT_CPU, int(used + limits.cpu_s) + 1)


def _unlimit() -> None:
    if os.name == "posix":
        import resource

        _set_soft(resource.RLIMIT_CPU, resource.RLIM_INFINITY)
        _set_soft(resource.RLIMIT_AS, resource.RLIM_INFINITY)


def _set_soft(kind: int, value: int) -> None:
    import resource

    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


if __name__ == "__main__":
    main()

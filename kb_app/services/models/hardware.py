"""How much memory this machine has for models, and which model fits it."""

import ctypes
import logging
import os
import platform
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass

_LOG = logging.getLogger(__name__)

_GB = 1_000_000_000
#: Chat models of Ollama's library, all strong in Chinese and English, with the size of their download there.
_CHAT_MODELS = (
    ("qwen3:32b", 20.0),
    ("qwen3:14b", 9.3),
    ("qwen3:8b", 5.2),
    ("qwen3:4b", 2.5),
    ("qwen3:1.7b", 1.4),
    ("qwen3:0.6b", 0.5),
)
EMBEDDING_MODEL = "bge-m3"
#: What a window of 8192 tokens and the runner take beside the weights.
_RUNNING_GB = 1.5
#: Larger ones answer too slowly without a GPU.
_LARGEST_ON_CPU_GB = 2.5
_SMI_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of this machine in bytes; ``gpu_bytes`` is 0 without a GPU that Ollama can use, as far as known."""

    total_bytes: int
    gpu_bytes: int
    gpu_name: str = ""


class Hardware:
    """Looks at the machine once, in the background: asking the GPU's driver can take seconds."""

    def __init__(self) -> None:
        """Look at nothing yet."""
        self._lock = threading.Lock()
        self._memory: Memory | None = None
        self._started = False

    def memory(self) -> Memory | None:
        """Return what was found, at once; None until then."""
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._look, name="hardware", daemon=True).start()
            return self._memory

    def _look(self) -> None:
        found = find_memory()
        with self._lock:
            self._memory = found


def find_memory() -> Memory:
    """Return the memory of this machine; may take seconds."""
    total = _total_bytes()
    if sys.platform == "darwin" and platform.machine() == "arm64":
        # Unified memory, of which macOS gives the GPU about two thirds.
        return Memory(total_bytes=total, gpu_bytes=total * 2 // 3, gpu_name="Apple")
    name, gpu_bytes = _nvidia()
    return Memory(total_bytes=total, gpu_bytes=gpu_bytes, gpu_name=name)


def recommended_chat_model(memory: Memory) -> tuple[str, int]:
    """Return the largest model that fits, and the size of its download in bytes.

    On a GPU the weights and their window must fit its memory; without one they may take half of the machine's.
    """
    gpu_gb, half_gb = memory.gpu_bytes / _GB, memory.total_bytes / _GB / 2

    def fits(size_gb: float) -> bool:
        needed_gb = size_gb + _RUNNING_GB
        return needed_gb <= gpu_gb or (needed_gb <= half_gb and size_gb <= _LARGEST_ON_CPU_GB)

    name, size_gb = next((one for one in _CHAT_MODELS if fits(one[1])), _CHAT_MODELS[-1])
    return name, int(size_gb * _GB)


def _total_bytes() -> int:
    if sys.platform == "win32":
        kilobytes = ctypes.c_ulonglong()
        ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
        return kilobytes.value * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _nvidia() -> tuple[str, int]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return "", 0
    query = [command, "--query-gpu=memory.total,name", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=_SMI_TIMEOUT_S, check=True)
        return largest_gpu(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        _LOG.info("nvidia-smi does not tell: %s", error)
        return "", 0


def largest_gpu(listing: str) -> tuple[str, int]:
    """Return name and bytes of the largest GPU in lines such as ``24564, NVIDIA GeForce RTX 4090`` (MiB)."""
    found = [line.partition(",") for line in listing.splitlines() if line.strip()]
    sizes = [(int(size) * 1024 * 1024, name.strip()) for size, _, name in found]
    size, name = max(sizes, default=(0, ""))
    return name, size

"""Settings: arguments > ``KB_*`` environment > ``kb.toml`` in the data folder > the vendors' usual names > defaults.

Nothing is read on import; call :func:`load_settings`.
"""

import os
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from kb_app.errors import ConfigurationError

SETTINGS_FILE = "kb.toml"

#: The vendors' own environment names, read when the KB_* name is absent.
VENDOR_NAMES = {
    "OLLAMA_HOST": ("ollama", "base_url"),
    "ZHIPUAI_API_KEY": ("glm", "api_key"),
    "SPARK_API_KEY": ("spark", "api_key"),
    "QIANFAN_API_KEY": ("ernie", "api_key"),
    "OPENAI_API_KEY": ("openai", "api_key"),
    "OPENAI_BASE_URL": ("openai", "base_url"),
}


class EndpointSettings(BaseModel):
    """Where a provider's server is and the key it wants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str | None = Field(default=None, description="Address of the server; empty means the provider's own.")
    api_key: SecretStr | None = Field(default=None, description="Key; never written to logs, exports or the page.")


class Settings(BaseSettings):
    """Everything that can be set. Sections are TOML tables; ``KB_OLLAMA_BASE_URL`` is ``[ollama] base_url``."""

    model_config = SettingsConfigDict(
        env_prefix="KB_", env_nested_delimiter="_", env_nested_max_split=1, frozen=True, extra="forbid"
    )

    data_dir: Path = Field(description="Folder that holds everything; made when missing.")
    language: Literal["zh", "en"] | None = Field(None, description="Language; empty follows the browser or system.")
    host: str = Field(default="127.0.0.1", description="Address the app listens on.")
    port: int = Field(default=8501, ge=1, le=65535, description="Port the app listens on.")
    max_upload_mb: int = Field(200, ge=1, le=4096, description="Largest file that can be added, in megabytes.")
    chunk_size: int = Field(300, ge=100, le=2000, description="Passage size of new bases; a CJK character is 1.")
    chunk_overlap: int = Field(60, ge=0, le=500, description="Shared by neighbouring passages, in the same units.")
    top_k: int = Field(default=8, ge=1, le=50, description="Passages given to the model.")
    ollama: EndpointSettings = Field(default=EndpointSettings(), description="Local Ollama server.")
    glm: EndpointSettings = Field(default=EndpointSettings(), description="Zhipu GLM.")
    spark: EndpointSettings = Field(default=EndpointSettings(), description="iFlytek Spark.")
    ernie: EndpointSettings = Field(default=EndpointSettings(), description="Baidu ERNIE (Qianfan).")
    openai: EndpointSettings = Field(default=EndpointSettings(), description="OpenAI or any compatible server.")
    deepseek: EndpointSettings = Field(default=EndpointSettings(), description="DeepSeek.")
    qwen: EndpointSettings = Field(default=EndpointSettings(), description="Alibaba Qwen (DashScope).")
    azure: EndpointSettings = Field(default=EndpointSettings(), description="Azure OpenAI.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put ``kb.toml`` below the environment and the vendors' names below that."""
        data_dir = Path(init_settings()["data_dir"])
        toml = TomlConfigSettingsSource(settings_cls, data_dir / SETTINGS_FILE)
        return init_settings, env_settings, toml, _VendorEnvironment(settings_cls)


class _VendorEnvironment(PydanticBaseSettingsSource):
    """The names in ``VENDOR_NAMES`` as nested values."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Unused: the whole mapping is given at once by ``__call__``."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return those that are set, as section -> field -> value."""
        found: dict[str, Any] = {}
        for name, (section, key) in VENDOR_NAMES.items():
            if os.environ.get(name):
                found.setdefault(section, {})[key] = os.environ[name]
        return found


def default_data_dir() -> Path:
    """Return the platform's user data folder for this app."""
    return Path(platformdirs.user_data_dir("kb-app", appauthor=False))


def load_settings(data_dir: Path | None = None, **overrides: Any) -> Settings:
    """Return the effective settings; ``overrides`` that are None are left out.

    Raises:
        ConfigurationError: a value, or a key in ``kb.toml``, is wrong; ``params["problem"]`` names it.
    """
    folder = data_dir or Path(os.environ.get("KB_DATA_DIR") or default_data_dir())
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return Settings(data_dir=folder.expanduser().absolute(), **given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(str(error), problem=f"{where}: {first['msg']}") from error
    except ValueError as error:  # kb.toml is not TOML
        raise ConfigurationError(str(error), problem=f"{SETTINGS_FILE}: {error}") from error

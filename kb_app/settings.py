"""Settings, each from the first place that has it.

Arguments > ``KB_*`` environment > ``keys.toml`` and ``choices.toml`` (typed into the page) > ``kb.toml`` > the vendors'
usual names > defaults; the files are in the data folder. Nothing is read on import; call :func:`load_settings`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from kb_app.errors import ConfigurationError

SETTINGS_FILE = "kb.toml"
#: Keys and servers typed into the Models page, of the same form as ``kb.toml``.
KEYS_FILE = "keys.toml"
#: Prices and the fallback model set on the Models page, of the same form as ``kb.toml``.
CHOICES_FILE = "choices.toml"

#: The vendors' own environment names, read when the KB_* name is absent.
VENDOR_NAMES = {
    "OLLAMA_HOST": ("ollama", "base_url"),
    "ZHIPUAI_API_KEY": ("glm", "api_key"),
    "SPARK_API_KEY": ("spark", "api_key"),
    "QIANFAN_API_KEY": ("ernie", "api_key"),
    "OPENAI_API_KEY": ("openai", "api_key"),
    "OPENAI_BASE_URL": ("openai", "base_url"),
}

#: Providers that have a section of their own.
PROVIDERS = ("ollama", "glm", "spark", "ernie", "openai", "deepseek", "qwen", "azure")
#: Names that are taken in the ids of models.
RESERVED_NAMES = (*PROVIDERS, "quote", "builtin", "onnx", "langchain", "reranker")


def _split_names(value: object) -> object:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


#: A list in TOML; names with commas between them in the environment.
ModelNames = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_names)]


def _not_reserved(name: str) -> str:
    if name.lower() in RESERVED_NAMES:
        raise ValueError("this name is taken by a provider")
    return name


#: First part of the ids of a server's models.
ServerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"), AfterValidator(_not_reserved)]


class EndpointSettings(BaseModel):
    """Where a provider's server is, the key it wants and the models to offer."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str | None = Field(default=None, description="Address of the server; empty means the provider's own.")
    api_key: SecretStr | None = Field(default=None, description="Key; never written to logs, exports or the page.")
    chat_models: ModelNames = Field(default=(), description="Chat models to offer; empty means the usual ones.")
    embedding_models: ModelNames = Field(default=(), description="Embedding models to offer; empty: the usual ones.")
    context_tokens: int | None = Field(
        default=None,
        ge=512,
        description="Window for prompt and answer; empty means the model's own (Ollama: 8192 at most).",
    )


class ServerSettings(EndpointSettings):
    """A further server that speaks the OpenAI protocol."""

    base_url: str = Field(description="Address of the server, such as http://127.0.0.1:8000/v1.")
    family: str = Field(default="", description="Provider whose dialect it speaks (openai, glm, qwen, ...); or empty.")


class LangChainSettings(BaseModel):
    """A LangChain chat model or embeddings class."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    class_path: str = Field(pattern=r"^[\w.]+:[\w.]+$", description="The class, as package.module:Class.")
    kind: Literal["chat", "embedding"] = Field(default="chat", description="What it is.")
    arguments: dict[str, Any] = Field(default_factory=dict, repr=False, description="What to make it with.")
    context_tokens: int = Field(default=8192, ge=512, description="Window for prompt and answer; chat models only.")


class PriceSettings(BaseModel):
    """What a model costs; nothing is known about prices unless it is set here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: float = Field(ge=0, description="Price of a million tokens sent to the model.")
    completion: float = Field(ge=0, description="Price of a million tokens of its answers.")
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$", description="Currency, as ISO 4217 names it.")


class AnswerSettings(BaseModel):
    """How a chat model answers questions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(default=0.2, ge=0, le=2, description="How freely it words; 0 is the least.")
    max_tokens: int = Field(default=1024, ge=64, le=32_768, description="Longest answer, without its thinking.")
    thinking: bool = Field(default=False, description="Whether a model that can think first does.")


class RerankerSettings(BaseModel):
    """A server that orders the passages found, by Jina's ``/rerank`` protocol."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str = Field(default="", description="Address of the server, such as http://127.0.0.1:8000/v1; or empty.")
    model: str = Field(default="", description="Name of its model, such as bge-reranker-v2-m3.")
    api_key: SecretStr | None = Field(default=None, description="Key; never written to logs, exports or the page.")


class Settings(BaseSettings):
    """Everything that can be set. Sections are TOML tables; ``KB_OLLAMA_BASE_URL`` is ``[ollama] base_url``."""

    model_config = SettingsConfigDict(
        env_prefix="KB_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )
    _given: dict[str, Any] = PrivateAttr(default_factory=dict)

    data_dir: Path = Field(description="Folder that holds everything; made when missing.")
    language: Literal["zh", "en"] | None = Field(None, description="Language; empty follows the browser or system.")
    host: str = Field(default="127.0.0.1", description="Address the app listens on.")
    port: int = Field(default=8501, ge=1, le=65535, description="Port the app listens on.")
    max_upload_mb: int = Field(200, ge=1, le=4096, description="Largest file that can be added, in megabytes.")
    chunk_size: int = Field(300, ge=100, le=2000, description="Passage size of new bases; a CJK character is 1.")
    chunk_overlap: int = Field(60, ge=0, le=500, description="Shared by neighbouring passages, in the same units.")
    top_k: int = Field(default=8, ge=1, le=50, description="Passages given to the model.")
    second_reviewer: bool = Field(default=False, description="Whether a second person has to approve a correction.")
    ollama: EndpointSettings = Field(default=EndpointSettings(), description="Local Ollama server.")
    glm: EndpointSettings = Field(default=EndpointSettings(), description="Zhipu GLM.")
    spark: EndpointSettings = Field(default=EndpointSettings(), description="iFlytek Spark.")
    ernie: EndpointSettings = Field(default=EndpointSettings(), description="Baidu ERNIE (Qianfan).")
    openai: EndpointSettings = Field(default=EndpointSettings(), description="OpenAI or any compatible server.")
    deepseek: EndpointSettings = Field(default=EndpointSettings(), description="DeepSeek.")
    qwen: EndpointSettings = Field(default=EndpointSettings(), description="Alibaba Qwen (DashScope).")
    azure: EndpointSettings = Field(default=EndpointSettings(), description="Azure OpenAI; the address is yours.")
    servers: dict[ServerName, ServerSettings] = Field(default={}, description="Further OpenAI-compatible servers.")
    reranker: RerankerSettings = Field(default=RerankerSettings(), description="Server that orders what is found.")
    langchain: dict[str, LangChainSettings] = Field(default={}, description="LangChain classes to use.")
    fallback_model: str = Field(default="", description="Chat model that is asked when the picked one fails; or empty.")
    onnx_mirror: str = Field(default="", description="Where ONNX models are fetched from; empty: the Hugging Face hub.")
    answers: dict[str, AnswerSettings] = Field(default={}, description="How chat models answer, by model id.")
    prices: dict[str, PriceSettings] = Field(default={}, description="Prices of chat models, by model id.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the files below the environment and the vendors' names below them."""
        data_dir = Path(init_settings()["data_dir"])
        files = [
            TomlConfigSettingsSource(settings_cls, data_dir / name) for name in (KEYS_FILE, CHOICES_FILE, SETTINGS_FILE)
        ]
        return init_settings, env_settings, *files, _VendorEnvironment(settings_cls)

    def endpoints(self) -> Mapping[str, EndpointSettings]:
        """Return every provider with an address and a key: the ones known by name, then the further servers."""
        known = {name: getattr(self, name) for name in PROVIDERS}
        return known | self.servers

    def fresh(self) -> "Settings":
        """Return the settings as they are now, with the same arguments. Raises ConfigurationError."""
        return load_settings(self.data_dir, **self._given)


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
        ConfigurationError: a value, or a key in ``kb.toml``, is wrong, or a file cannot be read; ``params["problem"]``
            names it.
    """
    folder = data_dir or Path(os.environ.get("KB_DATA_DIR") or default_data_dir())
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        settings = Settings(data_dir=folder.expanduser().absolute(), **given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        problem = f"{where}: {first['msg']}"
        raise ConfigurationError(problem, problem=problem) from error
    except (ValueError, OSError) as error:  # a file is not TOML, or cannot be read
        problem = f"{SETTINGS_FILE} / {KEYS_FILE} / {CHOICES_FILE}: {error}"
        raise ConfigurationError(problem, problem=problem) from error
    settings._given.update(given)
    return settings

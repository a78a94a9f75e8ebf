"""What differs between the clouds that speak the OpenAI protocol, as data.

Names, windows and limits change often: every value here can be overridden by an
:class:`~kb_app.providers.endpoint.Endpoint`. Where the values come from is in ``docs/providers.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kb_app.errors import (
    AuthError,
    BadRequestError,
    ContentFilterError,
    ContextTooLongError,
    ModelNotFoundError,
    ProviderError,
    QuotaError,
    RateLimitError,
    ServerError,
)

ErrorTable = Mapping[str, type[ProviderError]]


def _table(groups: Mapping[type[ProviderError], str]) -> ErrorTable:
    return {code: kind for kind, codes in groups.items() for code in codes.split()}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingModel:
    """An embedding model; ``dimensions`` is sent where the default is larger than useful (0: not sent)."""

    batch_size: int
    dimensions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One cloud. Names in ``windows``, ``thinking_models`` and ``always_thinking`` are parts of model names.

    ``terminal_usage``: no finish reason is ever sent, the usage ends the answer. ``lists_models``: ``/models``
    exists.
    """

    base_url: str = ""
    key_setting: str = ""
    chat_models: tuple[str, ...] = ()
    embedding_models: Mapping[str, EmbeddingModel] = field(default_factory=dict)
    model_urls: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, int] = field(default_factory=dict)
    errors: ErrorTable = field(default_factory=dict)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    thinking_models: tuple[str, ...] = ()
    always_thinking: tuple[str, ...] = ()
    thinking_on: Mapping[str, Any] = field(default_factory=dict)
    thinking_off: Mapping[str, Any] = field(default_factory=dict)
    plain_fields: tuple[str, ...] = ()
    min_temperature: float = 0.0
    max_temperature: float = 2.0
    max_answer_tokens: int = 0
    stream_usage: bool = True
    terminal_usage: bool = False
    lists_models: bool = True
    key_header: str = ""
    min_interval_s: float = 0.0


#: Codes that several servers share; a family's own table is looked at first.
COMMON_ERRORS = _table(
    {
        AuthError: "invalid_api_key invalid_authentication",
        ModelNotFoundError: "model_not_found DeploymentNotFound",
        QuotaError: "insufficient_quota billing_hard_limit_reached billing_not_active",
        RateLimitError: "rate_limit_exceeded",
        ContextTooLongError: "context_length_exceeded string_above_max_length exceed_context_size_error",
        ContentFilterError: "content_filter content_policy_violation",
    }
)

_GLM_ERRORS = _table(
    {
        AuthError: "1000 1001 1002 1003 1004 1220",
        QuotaError: "1113 1304 1308 1309 1310",
        RateLimitError: "1302 1303 1305",
        ModelNotFoundError: "1211",
        ContextTooLongError: "1261",
        ContentFilterError: "1301",
        BadRequestError: "1210 1212 1213 1214 1215",
        ServerError: "500 1200 1230 1234",
    }
)

_SPARK_ERRORS = _table(
    {
        AuthError: "11200",
        QuotaError: "11201",
        RateLimitError: "11202 11203 10007",
        ContextTooLongError: "10907",
        ContentFilterError: "10013 10014 10019 10021",
        BadRequestError: "10003 10004 10163",
        ModelNotFoundError: "10005",
        ServerError: "10008 10009 10010 10011 10012 10110 10222",
    }
)

_ERNIE_ERRORS = _table(
    {
        AuthError: "invalid_iam_token invalid_appid no_parameter_permission 110 111",
        QuotaError: "account_overdue 17",
        ModelNotFoundError: "invalid_model model_offline",
        ContextTooLongError: "tokens_too_long characters_too_long 336007",
        ContentFilterError: "system_unsafe user_setting_unsafe functions_unsafe unsafe_request 336104 336105",
        BadRequestError: "invalid_messages invalid_argument malformed_json method_not_supported",
        RateLimitError: "rpm_rate_limit_exceeded tpm_rate_limit_exceeded input_tpm_rate_limit_exceeded "
        "output_tpm_rate_limit_exceeded user_rate_limit_exceeded cluster_rpm_rate_limit_exceeded "
        "cluster_tpm_rate_limit_exceeded 4 18 336100 336501 336502",
        ServerError: "internal_error dispatch_internal_error",
    }
)

_QWEN_ERRORS = _table(
    {
        AuthError: "InvalidApiKey AccessDenied",
        QuotaError: "Arrearage AllocationQuota.FreeTierOnly",
        ModelNotFoundError: "ModelNotFound ModelNotExist",
        ContentFilterError: "data_inspection_failed DataInspectionFailed",
        RateLimitError: "Throttling Throttling.RateQuota LimitRequests limit_requests",
    }
)

_LOCAL_THINKERS = ("qwen3", "glm-4.5", "glm-4.6", "glm-4.7", "deepseek-v3.1")
_LOCAL_THINKING_ON = {"chat_template_kwargs": {"enable_thinking": True}}
_LOCAL_THINKING_OFF = {"chat_template_kwargs": {"enable_thinking": False}}
_LOCAL_REASONERS = ("-r1", "qwq")

FAMILIES: Mapping[str, Family] = {
    "glm": Family(
        base_url="https://open.bigmodel.cn/api/paas/v4",
        key_setting="KB_GLM_API_KEY",
        chat_models=("glm-4.5-flash", "glm-4-flash", "glm-4.5-air", "glm-4.6"),
        embedding_models={
            "embedding-3": EmbeddingModel(batch_size=64, dimensions=1024),
            "embedding-2": EmbeddingModel(batch_size=8),
        },
        windows={"glm-4-long": 1_000_000, "glm-4.6": 200_000, "glm-4.7": 200_000, "glm-5": 200_000, "glm-4": 128_000},
        errors=_GLM_ERRORS,
        thinking_models=("glm-4.5", "glm-4.6", "glm-4.7", "glm-5"),
        thinking_on={"thinking": {"type": "enabled"}},
        thinking_off={"thinking": {"type": "disabled"}},
        min_temperature=0.01,
        max_temperature=0.99,
        stream_usage=False,
        lists_models=False,
    ),
    "spark": Family(
        base_url="https://spark-api-open.xf-yun.com/v1",
        key_setting="KB_SPARK_API_KEY",
        chat_models=("lite", "generalv3.5", "4.0Ultra", "spark-x"),
        model_urls={
            "x1": "https://spark-api-open.xf-yun.com/v2",
            "spark-x": "https://spark-api-open.xf-yun.com/x2",
        },
        windows={"pro-128k": 128_000, "max-32k": 32_000, "4.0Ultra": 32_000, "x1": 32_000, "spark-x": 32_000},
        errors=_SPARK_ERRORS,
        # On by default for several models, which would then answer from the Internet.
        extra_body={"tools": [{"type": "web_search", "web_search": {"enable": False}}]},
        thinking_models=("x1", "spark-x"),
        thinking_on={"thinking": {"type": "enabled"}},
        thinking_off={"thinking": {"type": "disabled"}},
        max_answer_tokens=4096,
        stream_usage=False,
        terminal_usage=True,
        lists_models=False,
        min_interval_s=0.5,
    ),
    "ernie": Family(
        base_url="https://qianfan.baidubce.com/v2",
        key_setting="KB_ERNIE_API_KEY",
        chat_models=("ernie-4.5-turbo-128k", "ernie-4.5-turbo-32k", "ernie-speed-pro-128k", "ernie-x1-turbo-32k"),
        embedding_models={
            "bge-large-zh": EmbeddingModel(batch_size=16),
            "bge-large-en": EmbeddingModel(batch_size=16),
            "embedding-v1": EmbeddingModel(batch_size=16),
            "qwen3-embedding-0.6b": EmbeddingModel(batch_size=16),
            "tao-8k": EmbeddingModel(batch_size=1),
        },
        # The 8k models take 5120 tokens of input only.
        windows={"-128k": 128_000, "-32k": 32_000, "-8k": 6144},
        errors=_ERNIE_ERRORS,
        always_thinking=("ernie-x1", "deepseek-r1"),
        min_temperature=0.01,
        max_temperature=1.0,
        lists_models=False,
    ),
    "openai": Family(
        base_url="https://api.openai.com/v1",
        key_setting="KB_OPENAI_API_KEY",
        chat_models=("gpt-4o-mini", "gpt-4.1-mini", "gpt-4.1"),
        embedding_models={
            "text-embedding-3-small": EmbeddingModel(batch_size=256),
            "text-embedding-3-large": EmbeddingModel(batch_size=256),
        },
        windows={
            "gpt-4.1": 1_000_000,
            "gpt-4o": 128_000,
            "gpt-5": 272_000,
            "o1": 200_000,
            "o3": 200_000,
            "o4": 200_000,
            "gpt-3.5": 16_000,
        },
        # The address is often that of another server, so the models met there are known as well.
        thinking_models=_LOCAL_THINKERS,
        thinking_on=_LOCAL_THINKING_ON,
        thinking_off=_LOCAL_THINKING_OFF,
        always_thinking=("o1", "o3", "o4", "gpt-5", *_LOCAL_REASONERS),
        plain_fields=("o1", "o3", "o4", "gpt-5"),
    ),
    "azure": Family(
        key_setting="KB_AZURE_API_KEY",
        windows={"gpt-4.1": 1_000_000, "gpt-4o": 128_000, "gpt-5": 272_000, "gpt-35": 16_000},
        always_thinking=("o1", "o3", "o4", "gpt-5"),
        plain_fields=("o1", "o3", "o4", "gpt-5"),
        lists_models=False,
        key_header="api-key",
    ),
    "deepseek": Family(
        base_url="https://api.deepseek.com/v1",
        key_setting="KB_DEEPSEEK_API_KEY",
        chat_models=("deepseek-chat", "deepseek-reasoner"),
        windows={"deepseek": 64_000},
        always_thinking=("deepseek-reasoner",),
    ),
    "qwen": Family(
        base_url="https://dashscope.aliyuncs.com/compatible-mode/v1",
        key_setting="KB_QWEN_API_KEY",
        chat_models=("qwen-plus", "qwen-flash", "qwen-max"),
        embedding_models={"text-embedding-v4": EmbeddingModel(batch_size=10)},
        windows={"qwen-max": 32_000, "qwen": 128_000},
        errors=_QWEN_ERRORS,
        thinking_models=("qwen3", "qwen-plus", "qwen-flash", "qwen-turbo"),
        always_thinking=("qwq",),
        thinking_on={"enable_thinking": True},
        thinking_off={"enable_thinking": False},
        max_temperature=1.99,
    ),
    # Any other server: vLLM, llama.cpp, LM Studio, LocalAI, a local ChatGLM server.
    "compatible": Family(
        thinking_models=_LOCAL_THINKERS,
        thinking_on=_LOCAL_THINKING_ON,
        thinking_off=_LOCAL_THINKING_OFF,
        always_thinking=_LOCAL_REASONERS,
    ),
}

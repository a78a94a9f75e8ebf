"""Settings that are missing or wrong."""

from kb_app.errors.base import KBAppError


class ConfigurationError(KBAppError):
    """A setting is missing or wrong."""

    code = "configuration"


class ServerNameError(ConfigurationError):
    """The name cannot be part of a model's id, or is a provider's."""

    code = "server_name"


class ServerAddressError(ConfigurationError):
    """The address of a server is missing or not an address."""

    code = "server_address"


class KeyFormatError(ConfigurationError):
    """The key holds characters that no key has, such as blanks or full-width ones."""

    code = "key_format"

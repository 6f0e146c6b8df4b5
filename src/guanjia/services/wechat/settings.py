"""Settings of ``wechat``; the platform's numbers change with the years, so they are not constants."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, kw_only=True, frozen=True):
    """Read from ``GUANJIA_WECHAT_<NAME>`` or ``settings.toml``."""

    # Pushes signed further from now (real time) are refused; 0 accepts any, as the platform's own servers do.
    timestamp_window_seconds: int = 0
    # stable_token; else the old token interface, whose every call invalidates the token before it.
    uses_stable_token: bool = True
    token_early_seconds: int = 300
    api_seconds: float = 10.0
    # How long the callback waits for a passive reply, and a provider may take (A22).
    passive_seconds: float = 2.0
    provider_seconds: float = 2.0
    # Customer-service messages after a message, and after a menu tap, follow or scan (A14: profile 2023).
    message_window_seconds: int = 48 * 3600
    message_window_count: int = 5
    tap_window_seconds: int = 60
    tap_window_count: int = 3
    # The default reply is not given again, nor after any other answer, for so long.
    default_reply_pause_seconds: int = 3600
    quota_profile: str = "2016"
    media_limit_bytes: int = 20 * 1024 * 1024

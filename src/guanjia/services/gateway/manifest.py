"""The manifest of ``gateway``."""

from pathlib import Path

from guanjia.kit.service import Service

SERVICE = Service(
    id="gateway",
    titles={"zh-CN": "网关", "en": "Gateway"},
    calls=frozenset({"auth"}),
    words=Path(__file__).with_name("words.toml"),
)

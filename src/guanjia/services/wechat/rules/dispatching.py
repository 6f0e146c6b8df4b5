"""Who may answer a push: announced providers in order, then the account's own replies (A22, R-WX-09..11, 19..21)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from guanjia.contracts.wechat import Provider, ProviderReply
from guanjia.services.wechat.rules.pushes import Push

# A follower sends this to prove that the account is bound (R-WX-14).
BINDING_TEXT = "平台对接"
BINDING_REPLY = "对接成功"
TEXT_BYTES = 2048

_VARIABLE = re.compile(r"\{(content|remark|name|account)\}")

Match = Literal["exact", "contains"]


class Offer(msgspec.Struct, frozen=True):
    """A provider and the service that announced it."""

    service: str
    provider: Provider


class KeywordReply(msgspec.Struct, frozen=True, kw_only=True):
    """A reply to keywords, of one account or (``account_id`` None) of all of the company."""

    id: str
    company_id: str
    account_id: str | None
    keywords: list[str]
    match: Match
    content: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a push calls for: providers to be asked, and the account's own reply behind them.

    ``own`` names that reply (binding, keyword, greeting, default or nothing) and ``text`` is its template. The
    default reply still depends on when the fan was last answered.
    """

    offers: list[Offer] = []
    own: str = ""
    text: str = ""

    @property
    def is_nothing(self) -> bool:
        """Whether nobody can answer, whatever the fan's state is."""
        return not self.offers and not self.own


def decide(
    push: Push,
    *,
    offers: Sequence[Offer],
    keyword_replies: Sequence[KeywordReply],
    account_id: str,
    greeting: str,
    default: str,
) -> Decision:
    """Who may answer ``push``. ``greeting`` and ``default`` are empty when they are off."""
    matched = [offer for offer in offers if matches(offer.provider, push)] if offers else []
    if push.is_event:
        if push.event == "subscribe" and greeting:
            return Decision(offers=matched, own="greeting", text=greeting)
        return Decision(offers=matched)
    text = push.text
    if text.strip() == BINDING_TEXT:
        return Decision(own="binding", text=BINDING_REPLY)
    if text and keyword_replies:
        found = find_keyword_reply(keyword_replies, account_id, text)
        if found is not None:
            return Decision(offers=matched, own="keyword", text=found.content)
    if default:
        return Decision(offers=matched, own="default", text=default)
    return Decision(offers=matched)


def matches(provider: Provider, push: Push) -> bool:
    """Whether ``provider`` wants to see ``push``."""
    if push.is_event:
        if "*" in provider.events or push.event in provider.events:
            return True
        return push.event == "click" and ("*" in provider.menu_keys or push.event_key in provider.menu_keys)
    if "*" in provider.kinds or push.kind in provider.kinds:
        return True
    text = push.text.casefold()
    return bool(text) and any(word == "*" or word.casefold() in text for word in provider.keywords)


def find_keyword_reply(keyword_replies: Sequence[KeywordReply], account_id: str, text: str) -> KeywordReply | None:
    """The first reply whose keyword is (exact) or stands in (contains) ``text``; case does not count."""
    text = text.strip().casefold()
    for reply in keyword_replies:
        if reply.account_id not in (None, account_id):
            continue
        for keyword in reply.keywords:
            wanted = keyword.strip().casefold()
            if wanted == text if reply.match == "exact" else wanted in text:
                return reply
    return None


def fill(template: str, values: Mapping[str, str]) -> str:
    """``template`` with {content} {remark} {name} {account}, at most as long as a text message may be.

    What a customer wrote is never read as a template again.
    """
    return shorten(_VARIABLE.sub(lambda found: values.get(found[1], ""), template))


def shorten(text: str) -> str:
    """``text`` cut to 2048 bytes, between characters."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= TEXT_BYTES else data[:TEXT_BYTES].decode("utf-8", "ignore")


def own_reply(decision: Decision, values: Mapping[str, str]) -> ProviderReply | None:
    """The account's own reply, filled."""
    if not decision.own:
        return None
    return ProviderReply(kind="text", content={"content": fill(decision.text, values)})


def fan_name(nickname: str, openid: str) -> str:
    """What a fan is called; the platform has not told nicknames since 2021."""
    return nickname or f"微信用户{openid[-4:]}"


def request_values(*, content: str, remark: str, nickname: str, account: str) -> dict[str, str]:
    """The variables of the account's own replies, as the fan himself reads them."""
    name = nickname or "朋友"
    return {"content": content, "remark": remark or name, "name": name, "account": account}

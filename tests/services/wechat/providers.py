"""A service that answers pushes as the test says."""

import asyncio
from collections.abc import Awaitable, Callable

from guanjia.contracts.wechat import ProviderAnswer, ProviderRequest
from guanjia.kit.auth import Caller
from guanjia.kit.http import Envelope, post, reply
from guanjia.kit.service import Context, Service

Answering = Callable[[ProviderRequest], Awaitable[ProviderAnswer]]
PASS = ProviderAnswer(outcome="pass")


class Script:
    """What each provider answers, and what it was asked."""

    def __init__(self, _context: Context) -> None:
        self.answers: dict[str, Answering] = {}
        self.asked: list[tuple[str, ProviderRequest]] = []

    def answer(self, name: str, answer: ProviderAnswer) -> None:
        """Answer always the same."""

        async def always(_request: ProviderRequest) -> ProviderAnswer:
            return answer

        self.answers[name] = always

    def names(self) -> list[str]:
        """Who was asked, in order."""
        return [name for name, _request in self.asked]


async def never(_request: ProviderRequest) -> ProviderAnswer:
    """A provider that hangs."""
    await asyncio.Event().wait()
    return PASS


async def crash(_request: ProviderRequest) -> ProviderAnswer:
    """A provider with a fault."""
    raise RuntimeError("the provider's own fault")


@post("/providers/{name:str}", callers=("service",))
async def ask_provider(context: Context, caller: Caller, name: str, data: ProviderRequest) -> Envelope[ProviderAnswer]:
    """Whatever the script says."""
    script = context.part(Script)
    script.asked.append((name, data))
    return reply(await script.answers[name](data))


PROVIDERS = Service(id="providers", titles={"zh-CN": "应答", "en": "Answers"}, routes=(ask_provider,))

"""The console's check of a callback address: a signed GET that must be answered with its echostr and nothing else."""

from __future__ import annotations

import asyncio
import secrets

import aiohttp

from guanjia.kit.errors import Invalid
from guanjia.kit.service import Context
from guanjia.services.emulator.delivery import Delivery
from guanjia.services.emulator.demo import Switches
from guanjia.services.emulator.rules.signing import Signer

SHOWN = 200


async def verify_callback(context: Context, signer: Signer) -> None:
    """Invalid, with what was seen, when the address does not prove that it knows the token."""
    if (fault := signer.check()) is not None:
        raise Invalid(fields={"url" if fault == "url_invalid" else fault.removesuffix("_invalid"): fault})
    echostr = str(secrets.randbelow(10**18) + 10**18)
    timeout = context.part(Switches).faults.callback_timeout_seconds
    try:
        async with asyncio.timeout(timeout):
            async with (
                context.part(Delivery).session().get(signer.verification(echostr), allow_redirects=False) as response
            ):
                status, body = response.status, await response.content.read(4096)
    except TimeoutError as error:
        raise _failed("timeout") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _failed("refused") from error
    if status != 200:
        raise _failed("bad_status", status, body)
    if body != echostr.encode():
        raise _failed("bad_body", status, body)


def _failed(verdict: str, status: int = 0, body: bytes = b"") -> Invalid:
    return Invalid(
        "callback_verification_failed", verdict=verdict, status=status, body=body.decode("utf-8", "replace")[:SHOWN]
    )

"""Pictures that the emulator brings along, drawn when first needed: a phone without a camera sends one of them."""

from __future__ import annotations

import asyncio
import io

from PIL import Image, ImageDraw

from guanjia.kit import clock
from guanjia.kit.errors import Invalid
from guanjia.kit.service import Context
from guanjia.services.emulator.actions.phones import add_medium

SAMPLES = ("car",)


class Samples:
    """The samples of this process as media."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._media: dict[str, str] = {}

    async def medium(self, name: str) -> str:
        """The media id of a sample; Invalid for an unknown name."""
        if name not in SAMPLES:
            raise Invalid(fields={"content.sample": "invalid"})
        if name not in self._media:
            content = await asyncio.to_thread(draw_car)
            file = await asyncio.to_thread(self._context.files.store, content, "image/jpeg")
            self._media[name] = await self._context.database.write(
                add_medium, "image", file, "image/jpeg", f"{name}.jpg", clock.now()
            )
        return self._media[name]


def draw_car() -> bytes:
    """A car at the kerb, its front brake disc marked: a JPEG of 960 × 720."""
    picture = Image.new("RGB", (960, 720), "#c9d8e6")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 470, 960, 720), fill="#5d6470")
    pen.rectangle((0, 460, 960, 474), fill="#8d949e")
    for left in range(40, 960, 220):
        pen.rectangle((left, 610, left + 120, 622), fill="#e8e3c8")
    pen.polygon(((250, 300), (360, 190), (640, 190), (760, 300)), fill="#2b6cb0")
    pen.rounded_rectangle((110, 290, 860, 470), 48, fill="#2f78c4")
    pen.polygon(((292, 296), (378, 212), (486, 212), (486, 296)), fill="#dfe9f3")
    pen.polygon(((508, 212), (628, 212), (714, 296), (508, 296)), fill="#dfe9f3")
    pen.rounded_rectangle((112, 340, 158, 372), 12, fill="#ffe9a8")
    pen.rounded_rectangle((818, 340, 858, 372), 12, fill="#d64545")
    for middle in (270, 690):
        for radius, colour in ((92, "#22262c"), (60, "#9aa3ad"), (44, "#c8ced6"), (16, "#5b636d")):
            pen.ellipse((middle - radius, 470 - radius, middle + radius, 470 + radius), fill=colour)
    pen.ellipse((160, 360, 380, 580), outline="#d64545", width=10)
    pen.line((380, 420, 500, 350), fill="#d64545", width=10)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=82)
    return content.getvalue()

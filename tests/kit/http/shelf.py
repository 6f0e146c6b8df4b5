"""A small service for the tests of the kit's HTTP."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from litestar.params import HeaderParameter

from guanjia.kit.auth import Caller
from guanjia.kit.calls import App, Receive, Scope, Send
from guanjia.kit.database import ExactText, Id, Transaction, new_id, service_metadata, table
from guanjia.kit.errors import Conflict, TooMany
from guanjia.kit.http import Body, Envelope, Items, delete, get, post, put, reply, write_once
from guanjia.kit.service import Context, Mount, Service

metadata = service_metadata("shelf")
books = table(
    "shelf_books", metadata, sa.Column("id", Id, primary_key=True), sa.Column("title", ExactText(40), unique=True)
)


class BookDraft(Body, kw_only=True):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    pages: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    authors: list[str] = []


class Book(msgspec.Struct, kw_only=True):
    id: str
    title: str
    at: datetime


def add_book(tx: Transaction, title: str, at: datetime) -> Book:
    book = Book(id=new_id(), title=title, at=at)
    tx.execute(books.insert().values(id=book.id, title=title))
    return book


@post("/books", permission="shelf.books.write")
async def post_book(
    context: Context,
    caller: Caller,
    data: BookDraft,
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Envelope[Book]:
    at = datetime.fromisoformat("2026-03-02T09:00:00Z")
    book = await write_once(
        context.database,
        caller,
        "POST /books",
        idempotency_key,
        data,
        lambda tx: add_book(tx, data.title, at),
        Book,
    )
    return reply(book)


@get("/books", permission="shelf.books.read")
async def list_books(context: Context, limit: int = 10) -> Envelope[Items[str]]:
    rows = await context.database.read(lambda reading: reading.rows(sa.select(books.c.title).limit(limit)))
    return reply(Items(items=[row.title for row in rows]))


@get("/books/{book_id:str}", permission="shelf.books.read", callers=("staff", "service"))
async def get_book(context: Context, book_id: str) -> Envelope[dict[str, str]]:
    found = await context.database.read(
        lambda reading: reading.one(sa.select(books.c.title).where(books.c.id == book_id))
    )
    return reply({"title": found.title if found else ""})


@delete("/books/{book_id:str}", permission="shelf.books.write")
async def delete_book(book_id: str) -> Envelope[dict[str, str]]:
    return reply({"id": book_id})


@put("/refusals/{code:str}", callers=("public",))
async def put_refusal(code: str, data: dict[str, Any]) -> Envelope[None]:
    if code == "too_many":
        raise TooMany(retry_after=7)
    if code == "crash":
        raise ZeroDivisionError("13800138000")
    raise Conflict(code, number=data.get("number"))


@get("/callers", permission="self", callers=("staff", "service", "public"))
async def get_caller(caller: Caller) -> Envelope[Caller]:
    return reply(caller)


def raw(_context: Context) -> App:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["path"].endswith("/refused"):
            raise Conflict("conflict")
        if scope["path"].endswith("/crash"):
            raise ZeroDivisionError("13800138000")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    return app


SERVICE = Service(
    id="shelf",
    titles={"zh-CN": "书架", "en": "Shelf"},
    metadata=metadata,
    routes=[post_book, list_books, get_book, delete_book, put_refusal, get_caller],
    mounts=[Mount("/raw", raw, ("GET",), ("public",))],
    words=Path(__file__).with_name("words.toml"),
)

"""Puts the application together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import assets, pages, problems, static_files
from app.api import TAGS, routers
from app.context import Context
from app.flights import Flights
from app.hub import Hub
from app.live_figures import LiveFigures
from app.queue import Launcher, RunQueue, recover
from app.security import BodyLimit, Headers, HostGuard, OriginGuard
from app.settings import Settings
from app.standby import Standby
from app.store import Reader, Store
from app.thumbnails import Thumbnails
from app.view_cache import ViewCache

IMPORT_PATH = "/api/v1/traces/import"


def create_app(settings: Settings, launcher: Launcher | None = None) -> FastAPI:
    """An application over `settings.data`. Its context is open from the start, and closed with its lifespan (or by `context.close()`).

    `launcher`: what starts runs; by default real ones, from a supervisor that stands by. Raises StoreError if the data directory cannot be
    used.
    """
    store = Store(settings.data)
    hub = Hub(store.database.version)
    standby = Standby()
    launch, on_rest = (standby, standby.expect) if launcher is None else (launcher, lambda: None)
    queue = None if settings.read_only else RunQueue(store, launch, lambda _: hub.poke(), on_rest)
    if queue is None:
        recover(store)
    reader, spare = Reader(store), standby if launcher is None else None
    context = Context(settings, store, reader, ViewCache(), Thumbnails(), LiveFigures(), Flights(), hub, queue, spare)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            context.close()

    app = FastAPI(
        title="gilscope",
        version=assets.version(),
        summary="Runs a workload under a concurrency model, records what really happened, and serves it.",
        openapi_url="/openapi.json",
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.context = context
    problems.install(app, pages.error_page)
    for router in (*routers, static_files.router, pages.router):
        app.include_router(router)
    app.add_middleware(BodyLimit, limit=settings.max_body, wider={IMPORT_PATH: settings.max_import})
    app.add_middleware(OriginGuard, read_only=settings.read_only)
    app.add_middleware(HostGuard, allowed=settings.allow_hosts)
    app.add_middleware(Headers)
    return app

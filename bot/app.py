"""The composition root: the only place that knows every part and puts them together."""

from __future__ import annotations

import asyncio
import itertools
import random
import signal
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot.adapters.base import (
    Adapter,
    AdapterContext,
    PermanentSendError,
    SendError,
    TransientSendError,
    UncertainSendError,
)
from bot.alarms import AlarmDesk
from bot.backups import BackupKeeper
from bot.clock import Bells, Clock, logged
from bot.commands.catalogue import COMMANDS
from bot.commands.dispatch import Dispatcher
from bot.commands.services import Services
from bot.corrections import CorrectionDesk
from bot.delivery import DeliveryWorker, retry_delay
from bot.editions import EditionDesk, schedule_of
from bot.instance import InstanceKeeper, words_of
from bot.operations.desk import OperationsDesk
from bot.operations.listener import Listener
from bot.platforms import creator
from bot.reader import Reader
from bot.reload import ConfigStore
from bot.settings import Settings
from digests.answer import prepare
from digests.archive import Archive, meta
from digests.charts.gallery import Gallery
from digests.filing import Filer
from digests.ingest.fetch import Fetcher, FetchLimits, default_user_agent
from digests.ingest.update import Updater
from digests.model import Destination
from digests.phrasing.client import Endpoint
from digests.phrasing.phraser import ModelPhraser
from digests.retention import Policy, enforce
from digests.search.extras import ONE_SHOT_PATIENCE, choose_japanese, with_meaning
from digests.search.index import SearchIndex, open_index

if TYPE_CHECKING:
    from digests.search.semantic import SemanticIndex

log = structlog.get_logger()

CONNECT_PATIENCE = timedelta(seconds=10)
"""How long the start waits for platforms before it goes on without them."""
CONNECT_TIMEOUT = timedelta(seconds=90)
POLL_EVERY = timedelta(seconds=15)
MOST_ROUNDS = 8
"""Rounds of polling under way at once; a round lasts as long as its slowest host."""
RETENTION_EVERY = timedelta(hours=6)
CORRECTIONS_EVERY = timedelta(minutes=1)
"""Corrections that could not be made at once are tried again this often at most."""
ALARMS_EVERY = timedelta(minutes=5)
BACKUP_LOOK_EVERY = timedelta(minutes=10)
PREPARE_EVERY = timedelta(minutes=1)
FAREWELL = 2.5
"""Seconds that closing waits for the platforms, once the deliveries are drained."""
SAFETY_NET_EVERY = timedelta(minutes=5)
"""Due editions are looked for this often even if no schedule rings: a machine that slept, a clock that was set."""

_DELIVERY = "delivery"


def utc_now() -> datetime:
    return datetime.now(UTC)


def endpoint_of(settings: Settings) -> Endpoint | None:
    """The model's endpoint as configured; None when no model is used."""
    chosen = settings.phrasing
    if chosen is None:
        return None
    return Endpoint(
        url=chosen.url,
        model=chosen.model,
        key=chosen.key.get_secret_value() if chosen.key else None,
        timeout=chosen.timeout.total_seconds(),
        most_tokens=chosen.most_tokens,
        at_once=chosen.at_once,
        plain_http=chosen.plain_http,
    )


class App:
    """One running bot. ``await App.create(…)``, then :meth:`start`, :meth:`wait`, :meth:`close`."""

    def __init__(
        self,
        store: ConfigStore,
        archive: Archive,
        index: SearchIndex,
        updater: Updater,
        fetcher: Fetcher,
        now: Callable[[], datetime],
        clock: Bells | None = None,
    ) -> None:
        self.store = store
        self.archive = archive
        self.index = index
        self.meaning: SemanticIndex | None = None
        """The index again, where it searches by meaning, too."""
        self.updater = updater
        self.fetcher = fetcher
        self.clock: Bells = clock or Clock()
        self.gallery = Gallery()
        self.adapters: dict[str, Adapter] = {}
        self.phraser = ModelPhraser(endpoint_of(store.settings))
        self._now = now
        self._rng = random.Random()
        self._tasks: set[asyncio.Task[None]] = set()
        self._rounds: set[asyncio.Task[None]] = set()
        self._connecting: dict[str, asyncio.Task[None]] = {}
        self._local: set[str] = set()
        """Adapters that were started while this instance stood by."""
        self._over = asyncio.Event()
        self._asked_to_stop = asyncio.Event()
        self.instance = InstanceKeeper(archive, now=now)
        self.operations = OperationsDesk(
            archive,
            story=lambda: store.story,
            settings=lambda: store.settings,
            now=now,
            checks={"clock": lambda: self.clock.alive, "worker": self._works},
        )
        self.listener: Listener | None = None
        self.worker = DeliveryWorker(
            archive, self.adapters, now=now, count=self.operations.metrics.delivery, charge=self.instance
        )
        self.corrections = CorrectionDesk(archive, self.adapters, now=now)
        self.desk = EditionDesk(
            store,
            archive,
            self.adapters,
            now=now,
            wake=self.worker.wake,
            on_change=self._set_schedules,
            charge=self.instance,
        )
        self.alarms = AlarmDesk(store, archive, self.adapters, now=now, wake=self.worker.wake, charge=self.instance)
        self.backups = BackupKeeper(archive, lambda: store.settings, now=now)
        self.services = Services(
            configuration=store,
            archive=archive,
            index=index,
            updater=updater,
            editions=self.desk,
            now=now,
            reload=self.reload,
            started_at=now(),
            gallery=self.gallery,
            phraser=self.phraser,
            rival=lambda: words_of(self.instance.rival) if self.instance.rival else None,
            quotes_only=lambda: self.meaning is None and self.phraser.endpoint is None,
        )
        self.reader = Reader(
            archive.address, lambda: store.story, now, self.services.keep, count=self.operations.metrics.by_reader
        )
        self.dispatcher = Dispatcher(self.services, COMMANDS, count=self.operations.metrics.command, reader=self.reader)

    @classmethod
    async def create(
        cls,
        config: Path,
        *,
        now: Callable[[], datetime] = utc_now,
        archive: str | None = None,
        limits: FetchLimits | None = None,
        connect: bool = True,
        clock: Bells | None = None,
    ) -> App:
        """Load the configuration, open the archive, put the dossier into it. Raises KakehashiError's children.

        ``archive`` is a URL that takes the place of the configured one; ``limits`` bound what is fetched.
        Without ``connect`` no adapter is made: for tools that only look. ``clock`` takes the place of the one that
        rings by the machine's time.
        """
        store = await ConfigStore.load(config)
        opened = await Archive.open(archive or store.settings.archive)
        try:
            fetcher = Fetcher(limits=limits, user_agent=default_user_agent(store.settings.ingest.user_agent_contact))
            return await cls._assemble(store, opened, fetcher, now, connect=connect, clock=clock)
        except BaseException:
            await opened.close()
            raise

    @classmethod
    async def _assemble(
        cls,
        store: ConfigStore,
        archive: Archive,
        fetcher: Fetcher,
        now: Callable[[], datetime],
        *,
        connect: bool,
        clock: Bells | None,
    ) -> App:
        choose_japanese(store.settings.search.japanese)
        words = await open_index(archive)
        patience = None if connect else ONE_SHOT_PATIENCE
        meaning = with_meaning(words, patience=patience) if store.settings.search.semantic else None
        index = meaning or words
        filer = await asyncio.to_thread(Filer, store.story)
        updater = Updater(
            archive, store.story, fetcher=fetcher, index=index, filer=filer, spacing=fetcher.limits.spacing
        )
        await updater.sync_dossier(now())
        app = cls(store, archive, index, updater, fetcher, now, clock)
        app.meaning = meaning
        if connect:
            app._make_adapters(store.settings)
        return app

    def _make_adapters(self, settings: Settings) -> None:
        for name, options in settings.platforms.items():
            if getattr(options, "enabled", True):
                context = AdapterContext(options, self.archive, self._destinations, self._now, self.operations)
                self.adapters[name] = creator(name)(context)

    def _destinations(self) -> tuple[Destination, ...]:
        settings = self.store.settings
        places = (place for digest in settings.digests for place in digest.destinations)
        return (*places, *((settings.ops,) if settings.ops is not None else ()))

    # --- running -------------------------------------------------------------------------------------------

    async def start(self, *, ingest: bool = True) -> None:
        """Take charge of the archive, connect the adapters, post what is due, begin to poll.

        A platform that is slow or away is connected in the background, so that it keeps no other waiting; one that
        refuses us is logged with the cure, and what waits for it stays in the ledger. Raises when none can be had.
        Where another instance is in charge, this one says so and stands by: it shows its local page, and takes over
        when the other is gone.
        """
        self._own(self.operations.pulse.run(), "pulse")
        await self._listen()
        if await self.instance.try_to_take():
            self._own(self.instance.keep(), "charge of the archive")
            await self._begin(ingest=ingest)
            return
        other = words_of(self.instance.rival) if self.instance.rival else "another one that was faster"
        log.error(
            "instance.second",
            other=other,
            what="another Kakehashi works on this archive; this one stands by and posts nothing",
            cure="stop one of the two; when the other is gone, this one takes over within half a minute",
        )
        self._own(self._stand_by(ingest=ingest), "standing by")

    async def _stand_by(self, *, ingest: bool) -> None:
        for name, adapter in self.adapters.items():
            if getattr(adapter, "is_local", False):
                try:
                    await adapter.start(self.dispatcher)
                    self._local.add(name)
                except OSError as error:
                    # The other instance has the port, most likely; its page is the one to look at.
                    log.warning("instance.no-page", adapter=name, why=str(error))
        await self.instance.wait_for_charge()
        # The one that was in charge may still have the port: it is frozen, not gone.
        self._own(self.instance.keep(), "charge of the archive")
        await self._begin(ingest=ingest, patient=True)
        await asyncio.Event().wait()  # until it is cancelled: a task that ends would end the app

    async def _begin(self, *, ingest: bool, patient: bool = False) -> None:
        await self._note_restoring()
        await self._connect_adapters(patient=patient)
        # Before anything is posted: what was silent until now is told, and then that it is so no more.
        await self.alarms.run_once()
        self._own(self.worker.run(), _DELIVERY)
        self.store.on_change(self._configuration_changed)
        self._own(self.store.watch(), "configuration")
        if self.meaning:
            self._own(self.meaning.keep_up(self.archive), "embeddings")
        self.clock.start()
        await self._set_schedules()
        await self.desk.catch_up()
        self.clock.every(SAFETY_NET_EVERY, "due editions", self._catch_up)
        self.clock.every(ALARMS_EVERY, "alarms", self._look_for_alarms)
        self.clock.every(CORRECTIONS_EVERY, "corrections", self._correct)
        self.clock.every(RETENTION_EVERY, "retention", self._enforce_retention)
        self.clock.every(BACKUP_LOOK_EVERY, "backup", self._back_up)
        if ingest and self.store.settings.ingest.enabled:
            self.clock.every(POLL_EVERY, "poll", self._begin_round, soon=True)
        self.clock.every(PREPARE_EVERY, "answers", self._prepare_answers, soon=True)
        log.info("app.started", story=self.store.story.id, adapters=sorted(self.adapters))

    async def _listen(self) -> None:
        """Offer health and figures on an address of their own, where one is set. Raises OSError when it is taken."""
        monitoring = self.store.settings.monitoring
        if monitoring.port is not None:
            self.listener = Listener(monitoring, self.operations)
            await self.listener.start()

    def _works(self) -> bool:
        """Whether the ledger's worker runs."""
        return any(task.get_name() == _DELIVERY and not task.done() for task in self._tasks)

    async def _note_restoring(self) -> None:
        """After a backup was put back: what is due until now may have been posted already."""
        async with self.archive.read() as connection:
            since = await meta.get(connection, meta.RESTORED_AT)
        if since == "":
            async with self.archive.write() as connection:
                await meta.put(connection, meta.RESTORED_AT, self._now().isoformat())
            log.warning("archive.restored", what="what was due until now is looked for before it is posted")

    async def _connect_adapters(self, *, patient: bool) -> None:
        for name, adapter in self.adapters.items():
            if name not in self._local:
                task = asyncio.create_task(self._connect(name, adapter, patient=patient), name=f"connect {name}")
                self._connecting[name] = task
        if not self._connecting:
            return
        done, _ = await asyncio.wait(self._connecting.values(), timeout=CONNECT_PATIENCE.total_seconds())
        refused = [error for task in done if (error := task.exception()) is not None]
        if len(refused) == len(self.adapters):
            raise refused[0]
        for error in refused:
            if not isinstance(error, SendError):
                raise error

    async def _connect(self, name: str, adapter: Adapter, *, patient: bool) -> None:
        """Start an adapter, again and again while its platform is away, or (``patient``) while its port is taken.
        Raises when trying again cannot help."""
        for attempt in itertools.count(1):
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT.total_seconds()):
                    await adapter.start(self.dispatcher)
            except PermanentSendError as error:
                log.error("adapter.refused", adapter=name, cure=str(error))
                raise
            except (TransientSendError, UncertainSendError, OSError) as error:
                if not (patient or isinstance(error, SendError | TimeoutError)):
                    raise
                wait = retry_delay(attempt, getattr(error, "retry_after", None), self._rng)
                log.warning("adapter.away", adapter=name, why=str(error) or "no answer", wait_s=wait.total_seconds())
                await asyncio.sleep(wait.total_seconds())
            else:
                self.worker.wake()
                return

    async def poll(self) -> None:
        """Read every source whose turn it is, and correct what was posted of items that have changed since."""
        updates = await self.updater.update_due(
            self._now(), lambda came: self.operations.metrics.updates(came, self.store.story.sources)
        )
        if any(update.revised or update.withdrawn for update in updates):
            await self.corrections.run_once()

    async def _begin_round(self) -> None:
        """Poll in the background: a host that hangs must not keep the next round waiting."""
        if len(self._rounds) >= MOST_ROUNDS:
            return
        task = asyncio.create_task(self._round(), name="poll")
        self._rounds.add(task)
        task.add_done_callback(self._rounds.discard)

    async def _round(self) -> None:
        await logged("poll", self.poll)()

    async def start_unless_stopped(self, *, ingest: bool = True) -> bool:
        """Like :meth:`start`, but False, with the start cancelled, when the process is asked to stop meanwhile.
        Messages are under way before a start is over, so from here on SIGINT and SIGTERM are heeded."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._asked_to_stop.set)
        asked = asyncio.create_task(self._asked_to_stop.wait(), name="stop")
        starting = asyncio.create_task(self.start(ingest=ingest), name="start")
        try:
            await asyncio.wait({asked, starting}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                return False
            await starting
            return True
        finally:
            for waiter in (asked, starting):
                waiter.cancel()
            _, ended = await asyncio.gather(asked, starting, return_exceptions=True)
            if self._asked_to_stop.is_set() and isinstance(ended, Exception):
                log.warning("app.start-failed", why=str(ended), type=type(ended).__name__)

    async def wait(self) -> None:
        """Run until the process is asked to stop. A task that dies of a fault ends the app with that fault."""
        asked = asyncio.create_task(self._asked_to_stop.wait(), name="stop")
        over = asyncio.create_task(self._over.wait(), name="a task has ended")
        await asyncio.wait({asked, over}, return_when=asyncio.FIRST_COMPLETED)
        for waiter in (asked, over):
            waiter.cancel()
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def close(self) -> None:
        """Stop the clock, drain the deliveries, disconnect, close the archive; within ten seconds. Safe after a failed
        start."""
        log.info("app.stopping")
        await self.clock.stop()
        await self.worker.stop()
        pending = (*self._tasks, *self._rounds, *self._connecting.values())
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        await self.reader.close()
        if self.meaning:
            await asyncio.to_thread(self.meaning.close)
        await asyncio.gather(*(self._part_from(name, adapter) for name, adapter in self.adapters.items()))
        await self.instance.release()
        if self.listener is not None:
            await self.listener.close()
        self.gallery.close()
        await self.phraser.close()
        await self.fetcher.close()
        await self.archive.close()

    async def _part_from(self, name: str, adapter: Adapter) -> None:
        try:
            async with asyncio.timeout(FAREWELL):
                await adapter.close()
        except TimeoutError:
            log.warning("adapter.left-open", adapter=name)

    def _own(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._over.set())

    # --- rings and reloads ---------------------------------------------------------------------------------

    async def _set_schedules(self) -> None:
        digests = await self.desk.digests()
        self.clock.set_schedules({digest.id: (schedule_of(digest), self._catch_up) for digest in digests})

    async def _catch_up(self) -> None:
        await self.desk.catch_up()

    async def _correct(self) -> None:
        await self.corrections.run_once()

    async def _prepare_answers(self) -> None:
        """Read what questions are answered by, before anyone asks; after a reload, too."""
        await prepare(self.archive, self.index, self.store.story)

    async def _look_for_alarms(self) -> None:
        await self.alarms.run_once()

    async def _back_up(self) -> None:
        await self.backups.run_once()

    async def _enforce_retention(self) -> None:
        kept = self.store.settings.retention
        policy = Policy(items=kept.items, messages=kept.messages, editions=kept.editions)
        await enforce(self.archive, self.index, policy, self._now())

    async def reload(self) -> None:
        """Read the configuration anew, now."""
        await self.store.reload_now()

    async def _configuration_changed(self, *, accepted: bool) -> None:
        if accepted:
            story = self.store.story
            filer = await asyncio.to_thread(Filer, story)
            self.updater.use(story, filer)
            await self.reader.use()
            await self.phraser.use(endpoint_of(self.store.settings))
            await self.updater.sync_dossier(self._now())
            await self._set_schedules()
            await self.desk.catch_up()
        for adapter in self.adapters.values():
            await adapter.refresh()

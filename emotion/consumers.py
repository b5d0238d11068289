import asyncio
import contextlib
import json
import struct
from collections.abc import Awaitable, Callable
from functools import partial

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from django.db import DatabaseError
from django.utils.translation import gettext_noop as _
from django.utils.translation.trans_real import translation
from redis.exceptions import RedisError

from accounts.middleware import language_of_socket
from emotion import metrics
from emotion.device_readings import DeviceReading, parse_reading, this_loops_reading_intake
from emotion.device_readings import Submission as ReadingSubmission
from emotion.intake import Submission, this_loops_intake
from emotion.models import LessonSession
from emotion.places import Place, read_place, read_sequence
from emotion.policy import features_are_on
from emotion.services import Refused

ANSWER_WITHIN_SECONDS = 3.0
REFUSED_FINALLY = 4403
NOT_SIGNED_IN = 4401
NO_SUCH_SESSION = 4404
TRY_AGAIN = 1013

Receive = Callable[[], Awaitable[dict]]


class FrameSocket(AsyncWebsocketConsumer):
    """A lesson session's socket: frames in, answers out.

    A binary message is a frame: two bytes with the length of a JSON head (big-endian), the head, the JPEG. The head has
    `sequence`, and may have `block` and `place_seconds`. Each frame gets exactly one of "refused", "reading" or
    "dropped"; "accepted" before the latter two. A text message {"type": "ping"} gets {"type": "pong"}, and one of type
    "reading" is what a page that reads its own frames says of one (see parse_reading); it is answered as a frame is.
    """

    async def __call__(self, scope: dict, receive: Receive, send: Callable[[dict], Awaitable[None]]) -> None:
        # Instead of AsyncConsumer's, which makes a task for each message and holds answers back while a frame is taken.
        self.scope, self.base_send = scope, send
        self.channel_layer = get_channel_layer(self.channel_layer_alias)
        self.channel_name = await self.channel_layer.new_channel()
        await self.dispatch(await receive())  # the connection: nothing else may come before its answer
        sources: tuple[Receive, ...] = (receive, partial(self.channel_layer.receive, self.channel_name))
        tasks = [asyncio.create_task(self._handle_all(source)) for source in sources]
        try:
            done, _others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(StopConsumer):
                for task in done:
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _handle_all(self, receive: Receive) -> None:
        while True:
            await self.dispatch(await receive())

    async def dispatch(self, message: dict) -> None:
        # Instead of AsyncConsumer's, which goes to the database's thread for each message to look at its connections.
        # Whatever here uses one does so through database_sync_to_async, which looks.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        self._outstanding: dict[int, asyncio.TimerHandle] = {}
        self._given_up: set[int] = set()
        self._session_id = str(self.scope["url_route"]["kwargs"]["session_id"])
        self._group: str | None = None
        self._closed = False
        user = self.scope["user"]
        # Its catalogue itself: to activate a language for each message costs more than to send it.
        self._say = translation(language_of_socket(self.scope)).gettext
        try:
            if not await database_sync_to_async(features_are_on)():
                await self.close()  # before it is accepted: the handshake is refused
                return
        except (DatabaseError, OSError):
            pass  # told below, as to whoever asks for a session now
        await self.accept()
        if not user.is_authenticated:
            await self.close(NOT_SIGNED_IN, _("Please sign in first."))
            return
        try:
            session = await self._find_session(user)
            if session is None:
                await self.close(NO_SUCH_SESSION, _("There is no such session."))
                return
            await self.channel_layer.group_add(session.group, self.channel_name)
        except (DatabaseError, RedisError, OSError):
            await self.close(TRY_AGAIN, _("The server is not ready yet."))
            return
        self._group = session.group
        await self._tell({"type": "ready"})

    async def disconnect(self, code: int) -> None:
        for timer in self._outstanding.values():
            timer.cancel()
        if self._group:
            with contextlib.suppress(RedisError, OSError):  # a broker that is away has forgotten the group
                await self.channel_layer.group_discard(self._group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._group is None:
            return
        if bytes_data is None:
            await self._receive_text(text_data or "")
            return
        try:
            sequence, place, jpeg = parse_frame(bytes_data)
        except ValueError as error:
            await self._tell({"type": "refused", "sequence": None, "status": 400, "message": str(error)})
            return
        await self._submit(sequence, place, jpeg)

    async def session_message(self, event: dict) -> None:
        """From emotion.broadcast."""
        message = event["message"]
        if "sequence" in message:
            if message["sequence"] in self._given_up:
                return  # late: the page was told "dropped" and counts each frame once
            if timer := self._outstanding.pop(message["sequence"], None):
                timer.cancel()
        await self._tell(message)
        if message["type"] == "closed":
            await self._close(message["message"])

    async def _submit(self, sequence: int, place: Place, jpeg: bytes) -> None:
        # Before the frame is handed over: its answer may be here before it is accepted.
        self._expect(sequence)
        try:
            submission = Submission(self.scope["user"].pk, self._session_id, jpeg, sequence, place)
            receipt = await this_loops_intake().submit(submission)
        except Refused as refusal:
            await self._refuse(sequence, refusal)
            return
        if sequence in self._outstanding:
            await self._tell({"type": "accepted", "sequence": sequence})
        if receipt.replaced is not None and (timer := self._outstanding.pop(receipt.replaced, None)):
            timer.cancel()
            await self._tell(
                {"type": "dropped", "sequence": receipt.replaced, "message": _("A newer frame took its place.")}
            )

    async def _submit_reading(self, sequence: int, reading: DeviceReading) -> None:
        self._expect(sequence)
        try:
            submission = ReadingSubmission(self.scope["user"].pk, self._session_id, reading)
            await this_loops_reading_intake().submit(submission)
        except Refused as refusal:
            await self._refuse(sequence, refusal)

    async def _refuse(self, sequence: int, refusal: Refused) -> None:
        if timer := self._outstanding.pop(sequence, None):
            timer.cancel()
        if sequence not in self._given_up:  # else the page was told "dropped", and counts each frame once
            message = {"type": "refused", "sequence": sequence, "status": refusal.status, "message": str(refusal)}
            await self._tell(message)
        if refusal.final:
            await self._close(str(refusal))

    def _expect(self, sequence: int) -> None:
        if timer := self._outstanding.pop(sequence, None):
            timer.cancel()
        self._given_up.discard(sequence)
        loop = asyncio.get_running_loop()
        self._outstanding[sequence] = loop.call_later(
            ANSWER_WITHIN_SECONDS, lambda: asyncio.ensure_future(self._give_up(sequence))
        )

    async def _give_up(self, sequence: int) -> None:
        if self._outstanding.pop(sequence, None):
            self._given_up.add(sequence)
            metrics.FRAMES_DROPPED.labels("unanswered").inc()
            await self._tell(
                {"type": "dropped", "sequence": sequence, "message": _("No answer came within three seconds.")}
            )

    async def _receive_text(self, text: str) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            message = None
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "ping":
            await self._tell({"type": "pong"})
        elif kind == "reading":
            await self._receive_reading(message)
        else:
            await self._tell({"type": "refused", "sequence": None, "status": 400, "message": _("Frames are binary.")})

    async def _receive_reading(self, message: dict) -> None:
        try:
            reading = parse_reading(message)
            if reading.sequence is None:
                raise ValueError("The reading has no sequence.")
        except ValueError as error:
            refusal = {"type": "refused", "sequence": None, "status": 400, "message": str(error)}
            await self._tell(refusal)
            return
        await self._submit_reading(reading.sequence, reading)

    async def _close(self, reason: str) -> None:
        if not self._closed:
            self._closed = True  # what is still on its way has nobody to be told
            await self.close(REFUSED_FINALLY, self._say(reason))

    @database_sync_to_async
    def _find_session(self, user) -> LessonSession | None:
        return LessonSession.objects.visible_to(user).filter(pk=self._session_id).first()

    async def _tell(self, message: dict) -> None:
        if self._closed:
            return
        said = {name: self._say(message[name]) for name in ("words", "message") if message.get(name)}
        await self.send(text_data=json.dumps({**message, **said}))


def pack_frame(head: dict, jpeg: bytes) -> bytes:
    """The binary message of a frame, as parse_frame reads it: for clients in Python."""
    packed = json.dumps(head).encode()
    return struct.pack(">H", len(packed)) + packed + jpeg


def parse_frame(data: bytes) -> tuple[int, Place, bytes]:
    """(sequence, place, JPEG) of a binary message. Raises ValueError with one sentence."""
    if len(data) < 2:
        raise ValueError("The message is too short to be a frame.")
    (length,) = struct.unpack_from(">H", data)
    try:
        head = json.loads(data[2 : 2 + length])
    except (ValueError, RecursionError):
        raise ValueError("The frame's head is not JSON.") from None
    if not isinstance(head, dict):
        raise ValueError("The frame's head is not a JSON object.")
    sequence = read_sequence(head.get("sequence"))
    if sequence is None:
        raise ValueError("The frame's head has no sequence.")
    return sequence, read_place(head.get("block"), head.get("place_seconds")), data[2 + length :]

"""A way from Terraform to a provider that runs, on which two calls are answered that take nearly all of its processor.

- The schemas of all 1,500 kinds of resources on AWS, for which each command of Terraform asks. Every command gets the
  same answer of the provider's, less the kinds that no stack has.
- The check of the provider's own settings, two to four times a command. The provider checks every schema that it has
  before it looks at them: 3.5 s of a processor. Terraform takes no more from the answer than complaints; here there are
  none. A setting that does not work is still refused, where the provider is set up with it.

All other calls pass as they are. A call is a stream of HTTP/2 with one message each way. Sources: RFC 9113, "gRPC over
HTTP2", tfplugin5.proto in Terraform's documentation, and Provider.Validate in Terraform's Plugin SDK v2.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator, Set
from dataclasses import dataclass
from io import BufferedReader
from typing import Final

from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded
from hpack import Decoder, Encoder, NeverIndexedHeaderTuple
from hyperframe.frame import DataFrame, Frame, HeadersFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame

SCHEMAS: Final = "/tfplugin5.Provider/GetSchema"
CHECK: Final = "/tfplugin5.Provider/PrepareProviderConfig"
BY_NAME: Final = (2, 3, 7, 8)
"""Fields of the answer that are maps: resources, data sources, functions and ephemeral resources."""
PREFACE_SIZE: Final = 24
HEAD_SIZE: Final = 9
LARGEST_FRAME: Final = 16_384
FIRST_WINDOW: Final = 65_535
CANCEL: Final = 8


def all_schemas(provider: str) -> bytes:
    """What the provider at this address answers."""
    connection, message = H2Connection(), bytearray()
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(provider)
        connection.initiate_connection()
        asked = {":method": "POST", ":scheme": "http", ":path": SCHEMAS, ":authority": "provider"}
        connection.send_headers(1, [*asked.items(), ("content-type", "application/grpc"), ("te", "trailers")])
        connection.send_data(1, _framed(b""), end_stream=True)
        events = []
        while not any(isinstance(event, StreamEnded) for event in events):
            stream.sendall(connection.data_to_send())
            received = stream.recv(FIRST_WINDOW)
            assert received, "the provider has ended"
            events = connection.receive_data(received)
            for event in events:
                if isinstance(event, DataReceived):
                    message += event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, 1)
    answer = bytes(message[5:])
    assert message == _framed(answer), "the provider does not tell its schemas"
    return answer


def only(needed: Set[str], answer: bytes) -> bytes:
    """The answer without the schemas of other kinds."""
    kept, position = bytearray(), 0
    while position < len(answer):
        start = position
        key, position = _number(answer, position)
        size, position = _number(answer, position)
        entry, position = answer[position : position + size], position + size
        if key >> 3 not in BY_NAME or _name(entry) in needed:
            kept += answer[start:position]
    return bytes(kept)


def _framed(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4) + message


def _number(message: bytes, position: int) -> tuple[int, int]:
    """A number as Protocol Buffers write it, and where it ends."""
    number = shift = 0
    while True:
        byte = message[position]
        number |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return number, position


def _name(entry: bytes) -> str:
    """The key of an entry of a map, which comes before its value."""
    size, start = _number(entry, 1)
    return entry[start : start + size].decode()


@contextlib.contextmanager
def leading_to(provider: str, address: str, schemas: bytes) -> Iterator[None]:
    """Listen at the address (a socket in the file system) for Terraform."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        threading.Thread(target=_accept, args=(listener, provider, _framed(schemas)), daemon=True).start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread


def _accept(listener: socket.socket, provider: str, schemas: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            terraform, _ = listener.accept()
            threading.Thread(target=_serve, args=(terraform, provider, schemas), daemon=True).start()


def _serve(terraform: socket.socket, provider: str, schemas: bytes) -> None:
    with terraform, socket.socket(socket.AF_UNIX) as beyond:
        beyond.connect(provider)
        connection = _Connection(terraform, beyond, schemas)
        back = threading.Thread(target=connection.pass_back, daemon=True)
        back.start()
        connection.pass_on()
        back.join()


@dataclass
class _Answer:
    """What is still to be sent on a stream, and how much of it Terraform takes now."""

    rest: bytes
    window: int


class _Connection:
    """One of Terraform's connections. Each direction has a thread."""

    def __init__(self, terraform: socket.socket, provider: socket.socket, schemas: bytes) -> None:
        self._terraform, self._provider, self._schemas = terraform, provider, schemas
        self._answers: dict[int, _Answer] = {}
        self._to_terraform = threading.RLock()
        """Held once for each answer that is being sent. What the provider says meanwhile comes after it, even of the
        call that was cancelled, which Terraform then passes over; to leave that out is not allowed, since headers refer
        to earlier ones."""

    def pass_on(self) -> None:
        """Pass on what Terraform sends, and answer the two calls."""
        decoder, window = Decoder(), FIRST_WINDOW
        questions: dict[int, tuple[str, bytes]] = {}
        with self._until_one_ends(), self._terraform.makefile("rb") as sent:
            self._provider.sendall(sent.read(PREFACE_SIZE))
            for frame, raw in _frames(sent):
                stream = frame.stream_id
                if isinstance(frame, HeadersFrame):
                    call = dict(decoder.decode(frame.data))[":path"]
                    if call in (SCHEMAS, CHECK):
                        questions[stream] = call, b""
                        # The provider has to see the headers, since later ones refer to them.
                        self._provider.sendall(raw + RstStreamFrame(stream, error_code=CANCEL).serialize())
                        continue
                elif isinstance(frame, DataFrame) and stream in questions:
                    call, before = questions[stream]
                    questions[stream] = call, before + frame.data
                    if "END_STREAM" in frame.flags:
                        # The settings are the only field of both messages, so that the question is the answer.
                        self._begin(stream, window, self._schemas if call == SCHEMAS else questions[stream][1])
                    continue
                elif isinstance(frame, WindowUpdateFrame) and stream in self._answers:
                    self._send(stream, frame.window_increment)
                    continue
                elif isinstance(frame, SettingsFrame):
                    window = frame.settings.get(SettingsFrame.INITIAL_WINDOW_SIZE, window)
                self._provider.sendall(raw)
        for stream in list(self._answers):  # Terraform has ended in the middle of one
            self._end(stream)

    def pass_back(self) -> None:
        """Pass back what the provider sends."""
        with self._until_one_ends(), self._provider.makefile("rb") as sent:
            while len(head := sent.read(HEAD_SIZE)) == HEAD_SIZE:
                frame = head + sent.read(int.from_bytes(head[:3]))
                with self._to_terraform:
                    self._terraform.sendall(frame)

    def _begin(self, stream: int, window: int, message: bytes) -> None:
        self._to_terraform.acquire()
        self._answers[stream] = _Answer(message, 0)
        self._terraform.sendall(_headers(stream, {":status": "200", "content-type": "application/grpc"}))
        self._send(stream, window)

    def _send(self, stream: int, more: int) -> None:
        """Send as much as Terraform takes, which is this much more."""
        answer = self._answers[stream]
        answer.window += more
        while answer.rest and answer.window > 0:
            part = answer.rest[: min(answer.window, LARGEST_FRAME)]
            answer.rest, answer.window = answer.rest[len(part) :], answer.window - len(part)
            self._terraform.sendall(DataFrame(stream, part).serialize())
        if not answer.rest:
            self._terraform.sendall(_headers(stream, {"grpc-status": "0"}, "END_STREAM"))
            self._end(stream)

    def _end(self, stream: int) -> None:
        del self._answers[stream]
        self._to_terraform.release()

    @contextlib.contextmanager
    def _until_one_ends(self) -> Iterator[None]:
        """Terraform or the provider; then the other hears of it."""
        with contextlib.suppress(OSError):
            yield
        for end in (self._terraform, self._provider):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _frames(sent: BufferedReader) -> Iterator[tuple[Frame, bytes]]:
    while len(head := sent.read(HEAD_SIZE)) == HEAD_SIZE:
        frame, size = Frame.parse_frame_header(memoryview(head))
        body = sent.read(size)
        frame.parse_body(memoryview(body))
        yield frame, head + body


def _headers(stream: int, headers: dict[str, str], *flags: str) -> bytes:
    """A frame of headers to which later ones cannot refer: those are the provider's."""
    fields = Encoder().encode([NeverIndexedHeaderTuple(*header) for header in headers.items()])
    return HeadersFrame(stream, fields, flags=["END_HEADERS", *flags]).serialize()

"""The web server: waitress, set up so that a connection costs a socket and never a thread.

Whole requests are taken in by one loop before one of the WEB_THREADS sees them, and answers are sent by it. What
waitress leaves open is closed here: a request that drips in for ever, more connections than there are files,
more large bodies than there is disk for, a stop that cuts people off, and its own words to visitors.
"""

import copy
import logging
import resource
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from heapq import nsmallest
from io import BytesIO
from typing import Any

from django.conf import settings
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, Task, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import Error, RequestEntityTooLarge

from config.middleware.refusals import TOO_LARGE, most_bytes

IDLE = 50  # seconds without a byte, then a connection is closed
WHOLE = 60  # seconds that a request may take from its first byte to its last
LINGER = 10  # seconds that we still listen to somebody whom we have refused
LOOK_EVERY = 5  # seconds between two looks at all connections
PATIENCE = 8.0  # seconds that people's requests have to end when we are stopped
CONNECTIONS = 4096  # beyond it, who has been silent longest makes room
ACCEPTED_AT_ONCE = 128
FILES_EACH = 3  # the socket, and one for a body and for a page that do not fit into memory
OTHER_FILES = 256
IN_MEMORY = 64 * 1024  # bytes of a body or a page, beyond it they are on disk
ON_DISK = 256 * 1024**2  # bytes of all bodies that do not fit into memory
HEADERS = 32 * 1024  # bytes
ALIVE = "/healthz"  # has a thread of its own: a process that is busy is not dead


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises OSError."""
    place = (host.strip("[]"), port)
    if ":" not in host:
        return socket.create_server(place)
    everywhere = host == "[::]" and socket.has_dualstack_ipv6()
    return socket.create_server(place, family=socket.AF_INET6, dualstack_ipv6=everywhere)


def serve(application: Callable[..., Any], door: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, with a graceful stop; a second one ends us at once."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue is no news
    server = Server(application, door, adjustments(door.getsockname()[0], connections_for(files_allowed())))

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        server.stopping = True
        server.pull_trigger()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.run()


def files_allowed() -> int:
    """Raise the limit of open files to what we want, or as far as we may, and return it."""
    wanted = CONNECTIONS * FILES_EACH + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


def connections_for(files: int) -> int:
    """Return the number of connections that so many open files allow."""
    return max(1, min(CONNECTIONS, (files - OTHER_FILES) // FILES_EACH))


def adjustments(name: str, connections: int) -> Adjustments:
    """Return waitress's settings."""
    return Adjustments(
        threads=settings.WEB_THREADS,
        connection_limit=connections,
        channel_timeout=IDLE,
        cleanup_interval=LOOK_EVERY,
        backlog=2048,
        recv_bytes=IN_MEMORY,
        inbuf_overflow=IN_MEMORY,
        outbuf_overflow=IN_MEMORY,
        max_request_header_size=HEADERS,
        clear_untrusted_proxy_headers=False,  # PROXIES and SECURE_PROXY_SSL_HEADER say what is believed
        server_name=name,
        ident=None,
    )


class Crowded(Error):
    """503: large bodies fill their share of the disk."""

    code, reason = 503, "Service Unavailable"


WORDS = {
    400: "We couldn't read what was sent, so nothing has changed. Please try again.",
    431: "More headers (or cookies) were sent than we accept, so nothing has changed. Clearing our cookies may help.",
    500: "Sorry, there's a problem on our side. Anything you'd already saved with us is safe. Please try again.",
    501: "What was sent is in an encoding we don't know, so nothing has changed.",
    503: "We're receiving more than we can handle, so nothing has changed. Please try again in a minute.",
}


class Request(HTTPRequestParser):
    """Parser of one request as it comes in, with limits by path and a guard against request smuggling."""

    adj: Adjustments
    completed: bool

    def __init__(self, adj: Adjustments, server: "Server") -> None:
        super().__init__(adj)
        self.server = server
        self.began = time.time()

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the headers, and refuse two lengths.

        Of two lengths a proxy before us may believe the other one: that is how requests are smuggled.
        """
        super().parse_header(header_plus)
        if "TRANSFER_ENCODING" in self.headers or (self.chunked and "CONTENT_LENGTH" in self.headers):
            raise ParsingError("Two lengths")
        self.adj = copy.copy(self.adj)
        self.adj.max_request_body_size = most_bytes(self.path, self.headers.get("AUTHORIZATION", "")) + 1

    def received(self, data: bytes) -> int:
        in_headers = not self.headers_finished
        consumed = super().received(data)
        if in_headers and self.headers_finished and not self.completed and self.server.is_full(self):
            self.error, self.completed = Crowded(""), True
        if self.error:
            self.expect_continue = False  # else waitress would ask for what it has just refused
        return consumed

    @property
    def on_disk(self) -> int:
        """Bytes that its body may need on disk."""
        length = self.adj.max_request_body_size if self.chunked else self.content_length
        return length if length > IN_MEMORY else 0


class Answer(WSGITask):
    """Task that runs the application: no body for HEAD, no keep-alive while we stop."""

    def __init__(self, channel: "Connection", request: Request) -> None:
        super().__init__(channel, request)
        if channel.server.stopping:
            self.set_close_on_finish()

    def write(self, data: bytes) -> None:
        super().write(b"" if self.request.command == "HEAD" else data)

    def finish(self) -> None:
        if self.request.command == "HEAD" and self.wrote_header:
            return  # waitress would end a body in chunks that nobody sent
        super().finish()


class TooLarge(Answer):
    """Task for a body over the limit: the application answers, with its page, and never sees the body."""

    def __init__(self, channel: "Connection", request: Request) -> None:
        super().__init__(channel, request)
        channel.refused = True
        self.set_close_on_finish()

    def get_environment(self) -> dict[str, Any]:
        nothing = {"CONTENT_LENGTH": "0", "wsgi.input": BytesIO(), TOO_LARGE: True}
        return super().get_environment() | nothing


class Unreadable(ErrorTask):
    """Task for a request that could not be parsed: a plain-text error in our own words."""

    def execute(self) -> None:
        error = self.request.error
        self.status = f"{error.code} {error.reason}"
        body = f"{WORDS.get(error.code, WORDS[400])}\n".encode()
        self.response_headers += [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
        if error.code == 503:
            self.response_headers.append(("Retry-After", "60"))
        self.channel.refused = True
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(b"" if getattr(self.request, "command", "") == "HEAD" else body)


def refusal(channel: "Connection", request: Request) -> Task:
    """Return the task for a request that the parser refused."""
    kind = TooLarge if isinstance(request.error, RequestEntityTooLarge) else Unreadable
    return kind(channel, request)


class Connection(HTTPChannel):
    """Channel of one client, with a lingering close after a refusal."""

    server: "Server"
    task_class = Answer
    error_task_class = staticmethod(refusal)
    refused = False
    lingers_until = 0.0

    def parser_class(self, adj: Adjustments) -> Request:
        return Request(adj, self.server)

    def is_overdue(self, now: float) -> bool:
        if self.lingers_until:
            return now > self.lingers_until
        dripping = self.request is not None and now - self.request.began > WHOLE
        return not self.requests and (dripping or now - self.last_activity > IDLE)

    def is_served(self) -> bool:
        return bool(self.requests or self.total_outbufs_len)

    def handle_read(self) -> None:
        if not self.lingers_until:
            return super().handle_read()
        try:
            self.recv(IN_MEMORY)
        except OSError:
            self.handle_close()

    def handle_close(self) -> None:
        """Close, after a refusal with a half-close first (lingering close).

        The rest of what they send is dropped for a while: were it left unread, the kernel would answer it with a
        reset, and they would see that instead of our words.
        """
        if self.refused and not self.lingers_until:
            self.lingers_until = time.time() + LINGER
            self.will_close = self.close_when_flushed = False
            with suppress(OSError):
                return self.socket.shutdown(socket.SHUT_WR)
        super().handle_close()


class Server(TcpWSGIServer):
    """waitress's server with a cap on connections, a spare thread for /healthz and a graceful stop."""

    channel_class = Connection
    stopping = False

    def __init__(self, application: Callable[..., Any], door: socket.socket, adj: Adjustments) -> None:
        where = (door.family, door.type, door.proto, door.getsockname())
        super().__init__(application, _sock=door, adj=adj, sockinfo=where, bind_socket=False)
        self.most = adj.connection_limit
        self.adj.connection_limit = 2 * self.most + OTHER_FILES  # we make room before waitress turns people away
        self.spare = ThreadedTaskDispatcher()
        self.spare.set_thread_count(1)

    def add_task(self, channel: Connection) -> None:
        """Hand a request to one of the threads; what needs nobody's work, to one that always has time."""
        request = channel.requests[0]
        quick = request.error or request.path == ALIVE
        (self.spare if quick else self.task_dispatcher).add_task(channel)

    def handle_accept(self) -> None:
        """Accept many waiting connections at once: a turn of the loop looks at every connection there is."""
        for _ in range(ACCEPTED_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                break
            if before >= self.most:
                self.make_room()

    def make_room(self) -> None:
        idle = [channel for channel in self.active_channels.values() if not channel.is_served()]
        for channel in nsmallest(self.most // 50 + 1, idle, key=lambda channel: channel.last_activity):
            channel.refused = False
            channel.handle_close()

    def maintenance(self, now: float) -> None:
        for channel in self.active_channels.values():
            if channel.is_overdue(now):
                channel.will_close = True

    def is_full(self, newest: Request) -> bool:
        """Return True if this large body would be more than all of them together may take on disk."""
        if not newest.on_disk or newest.adj.max_request_body_size > settings.FORM_MAX_SIZE + 1:
            return False
        requests = (each for one in self.active_channels.values() for each in (one.request, *one.requests) if each)
        return sum(each.on_disk for each in requests) > ON_DISK

    def run(self) -> None:
        while not self.stopping:
            wasyncore.poll2(1.0, self._map)
        self.finish()

    def finish(self) -> None:
        """Drain: accept nobody new, and answer what has been taken in whole, within PATIENCE."""
        wasyncore.poll2(0.0, self._map)
        wasyncore.dispatcher.close(self)
        deadline = time.monotonic() + PATIENCE
        while self.served() and time.monotonic() < deadline:
            wasyncore.poll2(0.1, self._map)
        if cut_off := self.served():
            self.logger.warning("stopped with %d requests not answered", cut_off)
        for dispatcher in (self.task_dispatcher, self.spare):
            dispatcher.set_thread_count(0)

    def served(self) -> int:
        return sum(channel.is_served() for channel in self.active_channels.values())

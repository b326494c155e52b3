"""Socket helpers of the fault-injecting servers."""

import asyncio
import socket
from contextlib import suppress

HOST = "127.0.0.1"


def bind(port: int, host: str = HOST) -> socket.socket:
    """Return a socket that has the port but does not listen yet: until it does, connections are refused."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection after what is unsent."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def cut(writer: asyncio.StreamWriter) -> None:
    """Close a connection without waiting for what is still unsent."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


async def keep_silent(reader: asyncio.StreamReader) -> None:
    """Read whatever comes and say nothing, until they give up."""
    while await reader.read(65536):
        pass

"""One DNS question over TCP: what was cut off as a datagram comes whole this way (RFC 7766)."""

import asyncio

from mailsift.analyzer.probes.nameservers import Nameserver


async def ask_over_tcp(nameserver: Nameserver, query: bytes, seconds: float) -> bytes:
    """Return the one message that comes back. Raises TimeoutError, OSError, or EOFError when it ends too early."""
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(nameserver.host, nameserver.port)
        try:
            writer.write(len(query).to_bytes(2, "big") + query)
            return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        finally:
            writer.close()

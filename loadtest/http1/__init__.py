"""HTTP/1.1, the client's side: one connection, one request at a time, and everything that comes back for it.

Readers, the probe and the preflight share it. From the inside out:

- ``head``, ``chunks``: what a head says, and bodies that come in chunks. Pure functions of bytes.
- ``answer``: what came back for a request, and how much of it is taken in.
- ``known_heads``: heads that came before, which are not parsed again.
- ``incoming``: an answer as it comes in, piece by piece. Bytes in, an answer out; no sockets (sans-IO, as h11 and h2).
- ``address``, ``connecting``: where a target is, and a socket to it, over TLS or not.
- ``connection``: requests and answers over such a socket, within one deadline.

Whatever a target does becomes an ``Answer``. Bytes that nobody asked for are kept and reported, never taken for the
next answer, and a request is never sent twice.
"""

# SPDX-License-Identifier: Apache-2.0
"""The tests' S3 server in bad moods, one a mode of demo.sh. Each says how often it misbehaved."""
import os
import re
import shutil
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tool"))
import s3_server  # noqa: E402 # pylint: disable=wrong-import-position

LARGE = 1 << 19  # bytes of an answer that is broken off
CUT = 10  # where, in sixteenths
STALL_SECONDS = 60  # longer than the board waits
# Added (xor) to a message, the polynomial of CRC32C leaves its checksum as it is: an object with other
# rows that only its ETag gives away. 33 coefficients from the highest, the first bit is the lowest.
CODEWORD = int(f"{0x11EDC6F41:b}"[::-1], 2).to_bytes(5, "little")

MODES = {
    "plain": "does what it should",
    "reset": "resets connections, before an answer and in it",
    "stall": "goes silent, before an answer and in it",
    "no-ranges": "answers with the whole object whatever was asked for",
    "503": "is busy, every second time",
    "503-always": "is busy, every time",
    "403": "takes the permission away after a while",
    "replaced": "has another object half way through the raw tail",
    "replaced-quietly": "has another one there, and does not look at If-Match",
    "damaged": "has a raw tail with a wrong byte",
}


def change(path, at, pattern):
    with open(path, "r+b") as f:
        f.seek(at)
        old = f.read(len(pattern))
        f.seek(at)
        f.write(bytes(a ^ b for a, b in zip(old, pattern)))


class Server(s3_server.Server):
    """A bucket with the objects `keys`, of which the last is the raw tail, copied to `folder`."""

    def __init__(self, mode, bucket, keys, folder):
        self.mode, self.tail = mode, keys[-1]
        self.done = 0    # how often it misbehaved
        self.seen = 0    # answers of objects
        super().__init__(os.path.join(folder, "first"))
        self.RequestHandlerClass = Handler
        for name in ("first", "second"):
            for key in keys:
                path = os.path.join(folder, name, key)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                shutil.copyfile(os.path.join(bucket, key), path)
        tail = os.path.join(self.folder, self.tail)
        if mode == "damaged":
            change(tail, os.path.getsize(tail) // 2, b"\1")
        # Other rows on both sides of where answers are broken off, and of layers that all boards keep.
        self.first, self.second = self.folder, os.path.join(folder, "second")
        tail = os.path.join(self.second, self.tail)
        for part in (CUT - 8, CUT + 1):
            change(tail, os.path.getsize(tail) * part // 16, CODEWORD)

    def handle_error(self, request, client_address):
        """A board that hangs up is no error."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(s3_server.Handler):
    path = ""  # of the object that is asked for

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise ConnectionError("reset")

    def stall(self):
        self.connection.settimeout(STALL_SECONDS)
        self.connection.recv(1)  # until the board hangs up
        raise ConnectionError("stalled")

    def object(self, path, fields, head):
        server, mode = self.server, self.server.mode
        self.path = path
        with server.lock:
            server.seen += 1
            seen = server.seen
        if mode == "no-ranges":
            server.mood["no-ranges"] = True
            server.done += 1
        if mode == "503-always" or (mode == "503" and seen % 2 == 1):
            server.done += 1
            return self.error(503, "SlowDown", head)
        if mode == "403" and seen > 3:
            server.done += 1
            return self.error(403, "AccessDenied", head)
        if mode == "replaced-quietly":
            fields.pop("if-match", None)
        if mode in ("reset", "stall") and seen == 1:
            server.done += 1
            getattr(self, mode)()
        return super().object(path, fields, head)

    def cut_at(self, body, part):
        """How much of an answer with these bytes is sent before it is broken off, or None."""
        server, mode = self.server, self.server.mode
        if server.done >= {"reset": 5, "stall": 2, "replaced": 1, "replaced-quietly": 1}.get(mode, 0):
            return None
        if not mode.startswith("replaced"):
            return len(body) * CUT // 16 if len(body) > LARGE else None
        first, size = (int(number) for number in re.match(r"bytes (\d+)-\d+/(\d+)", part).groups())
        at = size * CUT // 16 - first
        return at if self.path.endswith(server.tail) and 0 < at < len(body) else None

    def send(self, status, fields=(), body=b"", head=False, cut=None):
        server, mode = self.server, self.server.mode
        part = dict(fields).get("Content-Range")
        at = self.cut_at(body, part) if part else None
        if at is None:
            return super().send(status, fields, body, head, cut)
        server.done += 1
        super().send(status, fields, body, head, at)
        if mode == "stall":
            self.stall()
        if mode.startswith("replaced"):
            server.folder = server.second
        time.sleep(0.2)  # what was sent is to arrive first
        return self.reset()

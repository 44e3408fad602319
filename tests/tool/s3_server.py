# SPDX-License-Identifier: Apache-2.0
"""A store for tests, on the loopback: a directory as a bucket, each signature recomputed by an
implementation of its own, listings in pages, and misbehaviour on demand."""
import hashlib
import hmac
import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

ACCESS_KEY, SECRET, BUCKET, REGION = "test-key", "test/secret+1", "kv-cache", "eu-test-1"


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quote(text):
    return urllib.parse.quote(text, safe="-._~")


def signature(method, target, fields, authorization):
    """What Authorization should say, from the request as it came."""
    parts = dict(part.strip().split("=", 1) for part in
                 authorization.split(" ", 1)[1].split(","))
    names = parts["SignedHeaders"].split(";")
    path, _, query = target.partition("?")
    pairs = sorted((quote(urllib.parse.unquote(name)), quote(urllib.parse.unquote(value)))
                   for name, _, value in (p.partition("=") for p in query.split("&") if p))
    canonical = "\n".join([method, path, "&".join(f"{n}={v}" for n, v in pairs)] +
                          [f"{name}:{fields[name]}" for name in names] +
                          ["", ";".join(names), fields["x-amz-content-sha256"]])
    scope = parts["Credential"].split("/", 1)[1]
    day, region, service, end = scope.split("/")
    text = "\n".join(["AWS4-HMAC-SHA256", fields["x-amz-date"], scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + SECRET).encode()
    for step in (day, region, service, end):
        key = sign(key, step)
    unsigned = [n for n in fields if n.startswith("x-amz-") and n not in names]
    return sign(key, text).hex(), region, unsigned, "host" in names


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.page = 1000       # keys of a page
        self.ghosts = []       # keys that are listed, but not there
        self.gone = []         # keys that are there until they are listed
        self.anonymous = False
        self.mood = {}         # what to do wrong, by name; numbers count down
        self.requests = []     # (method, target, fields)
        self.delay = 0         # seconds before an answer
        self.stall = 3         # seconds of a stall
        self.slow = {}         # seconds before each answer about a key
        self.busy = self.at_once = 0  # requests at once: now, and at most
        self.versions = {}     # by key: [(from which request for it on, bytes)], instead of the file
        self.asked = {}        # requests for each key
        self.under_way = []    # keys of parts behind the first that are being sent
        self.objects_at_once = 0      # of them, at most
        self.files = {}        # what was read, by path
        self.context = None    # of TLS
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def moody(self, name):
        """True while it should misbehave so."""
        with self.lock:
            left = self.mood.get(name, 0)
            if left is not True:
                self.mood[name] = max(0, left - 1)
            return bool(left)

    def read(self, key):
        """The object under a key, as it is at this request, and its ETag; (None, None): no such."""
        path = os.path.join(self.folder, key)
        with self.lock:
            count = self.asked[key] = self.asked.get(key, -1) + 1
            versions = [data for first, data in self.versions.get(key, []) if first <= count]
            if versions:
                data = versions[-1]
                return data, data and '"' + hashlib.md5(data).hexdigest() + '"'
            if path not in self.files and os.path.isfile(path):
                with open(path, "rb") as f:
                    data = f.read()
                self.files[path] = data, '"' + hashlib.md5(data).hexdigest() + '"'
            return self.files.get(path, (None, None))

    def get_request(self):
        sock, address = super().get_request()
        if self.context is not None:
            sock = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return sock, address

    def handle_error(self, request, client_address):
        """A client that goes away is no error."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while self.one():
            pass

    def one(self):
        line = self.rfile.readline().decode()
        if not line.strip():
            return False
        method, target, _ = line.split()
        fields = {}
        while (line := self.rfile.readline().decode().rstrip("\r\n")):
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        server = self.server
        with server.lock:
            server.requests.append((method, target, fields))
            server.busy += 1
            server.at_once = max(server.at_once, server.busy)
        time.sleep(server.delay)
        try:
            return self.answer(method, target, fields)
        finally:
            with server.lock:
                server.busy -= 1

    def send(self, status, fields=(), body=b"", head=False, cut=None):
        lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}",
                 "Date: Mon, 30 Nov 2026 13:20:57 GMT", *(f"{n}: {v}" for n, v in fields)]
        data = "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if head else body[:cut])
        self.wfile.write(data)
        return cut is None

    def error(self, status, code, head=False, fields=(), more=""):
        body = f"<?xml version='1.0'?>\n<Error><Code>{code}</Code>{more}</Error>".encode()
        return self.send(status, fields, body, head)

    def refused(self, method, target, fields):
        """The error that credentials earn, or None."""
        if self.server.anonymous:
            return None
        head = method == "HEAD"
        if "authorization" not in fields:
            return self.error(403, "AccessDenied", head)
        want, region, unsigned, host = signature(method, target, fields, fields["authorization"])
        if region != REGION:
            return self.error(400, "AuthorizationHeaderMalformed", head,
                              more=f"<Region>{REGION}</Region>")
        if not fields["authorization"].endswith("Signature=" + want) or unsigned or not host:
            return self.error(403, "SignatureDoesNotMatch", head)
        return None

    def answer(self, method, target, fields):
        moody = self.server.moody
        head = method == "HEAD"
        if moody("close"):
            return False
        if moody("503"):
            return self.send(503, [("Retry-After", "0")], b"<Error><Code>SlowDown</Code></Error>",
                             head)
        if moody("403"):
            return self.error(403, "AccessDenied", head)
        if moody("clock"):
            return self.error(403, "RequestTimeTooSkewed", head)
        refused = self.refused(method, target, fields)
        if refused is not None:
            return refused
        path, _, query = target.partition("?")
        bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
        if bucket != BUCKET:
            return self.error(404, "NoSuchBucket", head)
        if not key:
            return self.list(dict(urllib.parse.parse_qsl(query, keep_blank_values=True)))
        time.sleep(self.server.slow.get(key, 0))
        return self.object(key, fields, head)

    def object(self, key, fields, head):
        moody = self.server.moody
        data, etag = self.server.read(key)
        if data is None:
            return self.error(404, "NoSuchKey", head)
        if moody("changing"):
            etag = '"%d"' % len(self.server.requests)
        if "if-match" in fields and fields["if-match"] != etag and not moody("changing"):
            return self.error(412, "PreconditionFailed", head)
        cut = len(data) // 2 if moody("cut") else None
        if moody("garbage"):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
            return False
        if moody("stall"):
            self.send(200, [("ETag", etag)], data, head, 10)
            time.sleep(self.server.stall)
            return False
        if moody("reset"):
            self.send(200, [("ETag", etag)], data, head, 10)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
            self.connection.close()
            return False
        if "range" not in fields or self.server.mood.get("no-ranges") or head:
            return self.send(200, [("ETag", etag)], data, head, cut)
        first, last = (int(x) for x in fields["range"][6:].split("-"))
        if first >= len(data):
            known = "" if self.server.mood.get("no-size") else len(data)
            return self.error(416, "InvalidRange",
                              more=f"<ActualObjectSize>{known}</ActualObjectSize>")
        last = min(last, len(data) - 1)
        part = data[first:last + 1]
        if self.server.mood.get("no-206"):
            return self.send(200, [("ETag", etag)], data[first:last + 1][:64], head)
        server = self.server
        with server.lock:
            server.under_way += [key] if first else []
            server.objects_at_once = max(server.objects_at_once, len(set(server.under_way)))
        time.sleep(server.delay)
        try:
            return self.send(206, [("ETag", etag),
                                   ("Content-Range", f"bytes {first}-{last}/{len(data)}")],
                             part, head, cut and len(part) // 2)
        finally:
            with server.lock:
                if first:
                    server.under_way.remove(key)

    def keys(self):
        found = []
        for folder, _, names in os.walk(self.server.folder):
            found += [os.path.relpath(os.path.join(folder, name), self.server.folder)
                      for name in names]
        return sorted(found, key=os.fsencode)

    def size(self, key):
        return os.path.getsize(os.path.join(self.server.folder, key))

    def list(self, query):
        assert query["list-type"] == "2", query
        if self.server.mood.get("denied-list"):
            return self.error(403, "AccessDenied")
        keys = [k for k in self.keys() if k.startswith(query.get("prefix", ""))]
        ghosts, gone = self.server.ghosts, self.server.gone
        keys += [k for k in ghosts + gone if k.startswith(query.get("prefix", ""))]
        self.server.gone = [k for k in gone if k not in keys]
        keys.sort(key=os.fsencode)
        after = query.get("continuation-token", "")
        left = [k for k in keys if k > after[2:]] if after else keys
        page, more = left[:self.server.page], len(left) > self.server.page
        if after and self.server.mood.get("repeats"):
            page = [after[2:]] + page
        token = "=&" + page[-1] if more else ""
        if self.server.mood.get("same-token"):
            token, more = "=&", True
        url = query.get("encoding-type") == "url" and not self.server.mood.get("plain")
        entries = "".join(
            f"<Contents><Key>{escape(urllib.parse.quote_plus(k, safe='/') if url else k)}</Key>"
            f"<Size>{1 if k in ghosts + gone else self.size(k)}</Size></Contents>"
            for k in page)
        body = (f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{entries}"
                f"<NextContinuationToken>{escape(token)}</NextContinuationToken>"
                f"<EncodingType>{'url' if url else ''}</EncodingType></ListBucketResult>").encode()
        return self.send(200, [("Content-Type", "application/xml")], body)

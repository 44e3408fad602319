#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The way to a store: proxies, TLS, profiles and endpoints, as the AWS command line has them."""
import os
import shutil
import socket
import ssl
import subprocess
import threading
import unittest
from unittest import mock
from urllib.parse import urlsplit

import s3_server
from harness import BUCKET, ToolTest

CURL = os.environ.get("WMBT_TOOL_LIBCURL") == "1"
OPENSSL = shutil.which("openssl")
KEY = "segments/tenant-a/seg-sorted.bin"
BLOCKS = "kv/cabi/plain/wombatkv/v1/block"


class Proxy:
    """Passes on what it is asked for, and keeps the first lines."""

    def __init__(self):
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            self.pass_on(client)

    def pass_on(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(65536)
            if not data:
                return
            head += data
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split()
        self.asked.append((method, target))
        url = urlsplit(target if method != "CONNECT" else "//" + target)
        with socket.create_connection((url.hostname, url.port)) as server:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n")
            else:
                server.sendall(head.replace(f"{url.scheme}://{url.netloc}".encode(), b"", 1))
            back = threading.Thread(target=self.pump, args=(client, server), daemon=True)
            back.start()
            self.pump(server, client)
            back.join(5)

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class NetworkTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.server = s3_server.Server(BUCKET)
        self.addCleanup(self.server.close)
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith(("AWS_", "SSL_")) and
                    not name.lower().endswith("_proxy")}
        self.env.update(HOME=self.dir, AWS_ACCESS_KEY_ID=s3_server.ACCESS_KEY,
                        AWS_SECRET_ACCESS_KEY=s3_server.SECRET, AWS_REGION=s3_server.REGION,
                        AWS_ENDPOINT_URL=self.server.url)

    def verify(self, *args, code=0, names=None, key=KEY, **env):
        """Verifies an object with these variables (None: without it)."""
        env = {name: value for name, value in {**self.env, **env}.items() if value is not None}
        with mock.patch.dict(os.environ, env, clear=True):
            result = self.run_tool("verify", *args, "--timeout", "5", f"s3://kv-cache/{key}")
        self.assertEqual(result.code, code, result.err)
        if names is not None:
            self.assertIn(names.encode(), result.err)
        return result


class Proxies(NetworkTest):
    def setUp(self):
        super().setUp()
        self.proxy = Proxy()
        self.addCleanup(self.proxy.listener.close)

    def test_http(self):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            before = len(self.proxy.asked)
            self.verify(**{name: self.proxy.url})
            self.assertGreater(len(self.proxy.asked), before, name)
            self.assertTrue(self.proxy.asked[-1][1].startswith(self.server.url))
        before = len(self.proxy.asked)
        self.verify(HTTP_PROXY=self.proxy.url, NO_PROXY="localhost,127.0.0.1")
        self.verify(HTTP_PROXY=self.proxy.url, no_proxy="*")
        # The lower-case one wins, also if it is empty; what a CGI program is given is no setting.
        self.verify(HTTP_PROXY=self.proxy.url, http_proxy="")
        self.verify(HTTP_PROXY=self.proxy.url, REQUEST_METHOD="GET")
        self.verify("--client", "core", HTTP_PROXY=self.proxy.url)
        self.assertEqual(len(self.proxy.asked), before)

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        self.verify("--retries", "0", HTTP_PROXY=f"http://127.0.0.1:{port}", code=1,
                    names=str(port))

    def test_https(self):
        """The proxy's own answer is not the store's."""
        if OPENSSL is None:
            return  # said below
        bundle = start_tls(self)
        block = f"{BLOCKS}/{min(os.listdir(os.path.join(BUCKET, BLOCKS)))}"
        for key in (KEY, block):  # one that the first request asks for as a whole, and a larger one
            self.verify(key=key, AWS_CA_BUNDLE=bundle, HTTPS_PROXY=self.proxy.url)
        self.assertEqual({method for method, _ in self.proxy.asked}, {"CONNECT"})


def start_tls(test):
    """The test's server speaks TLS from now on. What proves who it is, is returned."""
    key, bundle = test.path("key.pem"), test.path("bundle.pem")
    subprocess.run([OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", bundle,
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    test.server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    test.server.context.load_cert_chain(bundle, key)
    test.env["AWS_ENDPOINT_URL"] = test.server.url.replace("http:", "https:")
    return bundle


class Tls(NetworkTest):
    def test_bundle(self):
        bundle = start_tls(self)
        for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE"):
            self.verify(**{name: bundle})
        self.verify("--ca-bundle", bundle, AWS_CA_BUNDLE=self.path("none"))
        config = self.write("config", f"[default]\nca_bundle = {bundle}\n".encode())
        self.verify(AWS_CONFIG_FILE=config)
        before = len(self.server.requests)
        self.verify(AWS_CA_BUNDLE=self.path("none.pem"), code=1, names="none.pem")
        self.assertEqual(len(self.server.requests), before)

    def test_not_trusted(self):
        """It is not asked again, which would take seconds."""
        start_tls(self)
        accepted = []
        get_request = self.server.get_request
        self.server.get_request = lambda: accepted.append(1) or get_request()
        self.verify(code=1, names="certificate")
        self.assertEqual(len(accepted), 1)


class Endpoints(NetworkTest):
    def test_where_it_is_said(self):
        client = ("--client", "core")
        bad = "http://127.0.0.1:1"
        config = self.write("config", f"[default]\nendpoint_url = {self.server.url}\n".encode())
        self.verify(*client, AWS_ENDPOINT_URL_S3=self.server.url, AWS_ENDPOINT_URL=bad)
        self.verify(*client, "--endpoint-url", self.server.url, AWS_ENDPOINT_URL=bad)
        self.verify(*client, AWS_CONFIG_FILE=config, AWS_ENDPOINT_URL=None)

    def test_mistakes(self):
        """The line names what is wrong, and where it stands."""
        for value in ("ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://127.0.0.1/path",
                      "http://127.0.0.1:", "http://127.0.0.1:0", "http://127.0.0.1:65536",
                      "http://127.0.0.1:4294967376", "http://[::1]:x", "http://127.0.0.1:80\x1b"):
            self.verify("--endpoint-url", value, code=2, names="--endpoint-url")
            self.verify(AWS_ENDPOINT_URL=value, code=2, names="verify: AWS_ENDPOINT_URL: ")
            config = self.write("config", f"[default]\nendpoint_url = {value}\n".encode())
            if "\x1b" not in value:
                self.verify(AWS_ENDPOINT_URL=None, AWS_CONFIG_FILE=config, code=2,
                            names="endpoint_url of profile 'default'")


class Profiles(NetworkTest):
    def setUp(self):
        super().setUp()
        keys = (f"aws_access_key_id = {s3_server.ACCESS_KEY}\n"
                f"aws_secret_access_key = {s3_server.SECRET}\n")
        answer = (f'{{"Version": 1, "AccessKeyId": "{s3_server.ACCESS_KEY}", '
                  f'"SecretAccessKey": "{s3_server.SECRET}"}}')
        program = self.write("a program", f"#!/bin/sh\necho '{answer}'\n".encode())
        os.chmod(program, 0o700)
        self.env.update(
            AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None,
            AWS_CONFIG_FILE=self.write("config", (
                f"[profile plain]\n{keys}[profile 'in quotes']\n{keys}"
                f"[profile asked]\ncredential_process = '{program}' argument\n"
                "[profile fails]\ncredential_process = exit 3\n"
                "[profile role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = plain\n"
                "[profile single]\nsso_session = x\n").encode()))

    def test_found(self):
        for name in ("plain", "in quotes", "asked"):
            self.verify("--client", "core", "--profile", name)
            self.verify("--client", "core", AWS_PROFILE=name)

    def test_mistakes(self):
        """What is missing is named."""
        for name, said in (("none", "there is no profile 'none'"), ("fails", "exit status 3"),
                           ("role", "role_arn"), ("single", "sso_session")):
            self.verify("--client", "core", "--profile", name, code=2, names=said)
            self.verify("--client", "core", AWS_PROFILE=name, code=2, names=said)
        self.verify("--client", "core", code=2, names="no credentials")
        self.verify("--client", "core", AWS_PROFILE="none", code=2, names="AWS_PROFILE")


if not CURL:
    print("# not run here: proxies: the tool is built without libcurl")
    del Proxies
if not CURL or OPENSSL is None:
    print("# not run here: TLS: it takes libcurl and the openssl command")
    del Tls

if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs s3_epoll on a prompt of the sample bucket, against the tests' own store on the loopback:
s3_run.py [--tls] [--mood NAME=COUNT]... DATA PROMPT PROGRAM. With --tls under a certificate that is
made here; a store whose certificate is another one has to be refused first."""
import argparse
import csv
import os
import ssl
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tool"))
import s3_server  # noqa: E402 # pylint: disable=wrong-import-position

HOST = "127.0.0.1"


def certificate(folder, name):
    """The files of a new key and of its own certificate. mbedTLS 2.28 compares names only, so the address
    stands in it as one."""
    key, cert = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "2", "-subj", "/CN=" + HOST, "-addext", "subjectAltName=DNS:" + HOST,
                    "-keyout", key, "-out", cert], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return key, cert


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--mood", action="append", default=[])
    parser.add_argument("data")
    parser.add_argument("prompt")
    parser.add_argument("program", nargs="+", help="an emulator may come before it")
    args = parser.parse_args()
    golden = os.path.join(args.data, "golden/bucket")
    with open(os.path.join(golden, "prompts.tsv"), encoding="utf-8") as f:
        row = next(row for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
                   if row["name"] == args.prompt)
    server = s3_server.Server(os.path.join(golden, "bucket"))
    env = {**os.environ, "AWS_ACCESS_KEY_ID": s3_server.ACCESS_KEY, "AWS_REGION": s3_server.REGION,
           "AWS_SECRET_ACCESS_KEY": s3_server.SECRET}
    env.pop("AWS_SESSION_TOKEN", None)
    command = [*args.program, HOST, str(server.server_address[1]),
               s3_server.BUCKET, row["prefix"], row["namespace"], row["fingerprint"], row["quant_bits"],
               row["block_tokens"], os.path.join(golden, "prompts", args.prompt + ".u32"), "digest"]
    with tempfile.TemporaryDirectory() as folder:
        if args.tls:
            key, cert = certificate(folder, "store")
            server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.context.load_cert_chain(cert, key)
            _, other = certificate(folder, "other")
            done = subprocess.run(command, env={**env, "S3_CA_FILE": other}, check=False,
                                  stdout=subprocess.PIPE)
            if done.returncode == 0 or b"the store is busy" not in done.stdout or server.requests:
                sys.exit("a store with another certificate was asked")
            env["S3_CA_FILE"] = cert
        server.mood = {name: int(count) for name, _, count in (m.partition("=") for m in args.mood)}
        sys.exit(subprocess.run(command, env=env, check=False).returncode)


main()

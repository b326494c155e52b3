"""A broker over TLS must show a certificate that is its own: spoken with a real Valkey behind a real TLS server."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from celery import Celery
from django.conf import settings
from kombu.exceptions import OperationalError

from config import env

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
SOCKET = settings.REDIS_URL.partition("://")[2].partition("?")[0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """For localhost, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    made += ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def port(certificate) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=serve, args=(door, context), daemon=True).start()
        yield door.getsockname()[1]


def serve(door: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            visitor, _address = door.accept()
        except OSError:
            return
        try:
            inside = context.wrap_socket(visitor, server_side=True)
        except OSError:  # it did not like our certificate
            continue
        valkey = socket.socket(socket.AF_UNIX)
        valkey.connect(SOCKET)
        for one, other in ((inside, valkey), (valkey, inside)):
            Thread(target=carry, args=(one, other), daemon=True).start()


def carry(one: socket.socket, other: socket.socket) -> None:
    try:
        while said := one.recv(65536):
            other.sendall(said)
    except OSError:
        pass


def answers(monkeypatch, url: str) -> bool:
    monkeypatch.setenv("REDIS_URL", url)
    with Celery(broker=env.broker("REDIS_URL", "")).connection_for_write() as link:
        link.ensure_connection(max_retries=0, timeout=2)
        return link.default_channel.client.ping()


def test_a_certificate_that_nobody_knows_is_refused(monkeypatch, port):
    with pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
        answers(monkeypatch, f"rediss://localhost:{port}/0")


def test_one_that_is_known_is_taken(monkeypatch, port, certificate):
    assert answers(monkeypatch, f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}/cert.pem")


@pytest.mark.parametrize("reqs", ["required", "optional", "CERT_REQUIRED"])
def test_one_of_another_host_is_refused(monkeypatch, port, certificate, reqs):
    options = f"ssl_cert_reqs={reqs}&ssl_ca_certs={certificate}/cert.pem"
    with pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
        answers(monkeypatch, f"rediss://127.0.0.1:{port}/0?{options}")


@pytest.mark.parametrize("reqs", ["none", "CERT_NONE"])
def test_unless_the_url_says_otherwise(monkeypatch, port, reqs):
    assert answers(monkeypatch, f"rediss://127.0.0.1:{port}/0?ssl_cert_reqs={reqs}")

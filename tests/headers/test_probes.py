"""A load balancer is answered whatever name it calls us by, over http and https, and nobody else by a wrong name."""

import pytest
from django.test import Client

from provisioning.sweep import beat

pytestmark = pytest.mark.django_db
HOSTS = [
    "10.1.2.3", "10.1.2.3:8000", "[2001:db8::7]", "[fe80::7]:8000", "ip-10-1-2-3.ec2.internal", "arrivals-web",
    "web_1", "arrivals.default.svc.cluster.local:8000", "evil.example", "", "no host", "kube-probe", "127.0.0.1",
]  # fmt: skip
PROTOS = ["", "http", "https", "HTTPS", "HTTP"]


@pytest.fixture(autouse=True)
def in_production(settings):
    settings.ALLOWED_HOSTS = ["arrivals.example"]
    settings.SECURE_SSL_REDIRECT = settings.ON_HTTPS = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    beat("sweep")


def ask(path: str, host: str, proto: str):
    return Client().get(path, headers={"host": host} | ({"X-Forwarded-Proto": proto} if proto else {}))


@pytest.mark.parametrize("proto", PROTOS)
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/repairz"])
def test_a_probe_is_answered(path, host, proto):
    answer = ask(path, host, proto)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("allowed", ["*", ".arrivals.example", "[::1]"])
def test_whatever_hosts_are_allowed(settings, allowed):
    settings.ALLOWED_HOSTS = [allowed]
    assert ask("/readyz", "10.1.2.3:8000", "").status_code == 200


@pytest.mark.parametrize("host", ["10.1.2.3", "evil.example"])
@pytest.mark.parametrize("path", ["/", "/login/", "/healthz/more", "/metrics", "/admin/"])
def test_nothing_else_is_open_to_another_name(path, host):
    assert ask(path, host, "https").status_code in (400, 404)


@pytest.mark.parametrize(
    ("proto", "status"), [("HTTPS", 200), ("https", 200), ("Https", 200), ("http", 301), ("", 301)]
)
def test_pages_come_over_https_however_a_proxy_says_it(proto, status):
    assert ask("/login/", "arrivals.example", proto).status_code == status

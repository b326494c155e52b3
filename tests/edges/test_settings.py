"""What the settings of the edges to the product take, and the one sentence for what they do not."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.config.test_settings import started_with

URL, SECRET, ANOTHER = "https://app.acme.example/arrivals", "whsec_" + "a" * 32, "whsec_" + "b" * 40
REFUSED = [
    ("", SECRET, "EVENTS_URL is missing"),
    (URL, "", "EVENTS_SECRET is missing"),
    (URL, "a" * 32, "EVENTS_SECRET must be whsec_"),
    (URL, "whsec_" + "a" * 8, "EVENTS_SECRET must be whsec_"),
    (URL, "whsec_" + "a" * 200, "EVENTS_SECRET must be whsec_"),
    (URL, "whsec_" + "ä" * 32, "EVENTS_SECRET must be whsec_"),
    (URL, "whsec_" + "a" * 31 + "!", "EVENTS_SECRET must be whsec_"),
    (URL, f"{SECRET},secret", "EVENTS_SECRET must be whsec_"),
    (URL, f"{SECRET},{SECRET}", "EVENTS_SECRET names one twice"),
    ("http://app.acme.example/arrivals", SECRET, "EVENTS_URL would tell of your people in the open"),
    ("ftp://app.acme.example", SECRET, "EVENTS_URL must be an address of yours"),
    ("https://user:hunter2@app.acme.example", SECRET, "EVENTS_URL must be an address of yours"),
    ("https://", SECRET, "EVENTS_URL names no host"),
    ("app.acme.example", SECRET, "EVENTS_URL names no host"),
    ("https://app.acme.example:port", SECRET, "EVENTS_URL has a port"),
    ("https://app.acme.example/#a", SECRET, "EVENTS_URL has a #"),
]


@pytest.mark.parametrize(("url", "secret", "words"), REFUSED)
def test_a_wrong_receiver_is_one_sentence_and_tells_no_secret(tmp_path, url, secret, words):
    with pytest.raises(ImproperlyConfigured) as refused:
        with started_with(tmp_path, EVENTS_URL=url, EVENTS_SECRET=secret):
            pass
    said = str(refused.value)
    assert said.startswith(words) and said.endswith(".") and "\n" not in said
    assert "hunter2" not in said and "aaaa" not in said


@pytest.mark.parametrize("url", [URL, f"{URL}?of=acme", "http://app:8000/arrivals", "http://127.0.0.1:9/", ""])
def test_a_receiver_of_ones_own_is_taken(tmp_path, url):
    secrets = [SECRET, ANOTHER] if url else []
    with started_with(tmp_path, EVENTS_URL=url, EVENTS_SECRET=", ".join(secrets)) as settings:
        assert (settings["EVENTS_URL"], settings["EVENTS_SECRETS"]) == (url, secrets)


def test_tokens_are_read_one_by_one(tmp_path):
    with started_with(tmp_path, API_TOKEN="a" * 20 + ", " + "b" * 20) as settings:
        assert settings["API_TOKENS"] == ["a" * 20, "b" * 20]
    with started_with(tmp_path) as settings:
        assert settings["API_TOKENS"] == []

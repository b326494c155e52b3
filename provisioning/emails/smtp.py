"""E-mail backend for SMTP with a limit for each whole reply: Django's has one for each byte.

The limit of the whole letter is `deadline`'s, around the hand-over in delivery.py.
"""

import smtplib

from django.core.mail.backends import smtp

from provisioning.deadline import deadline, watch


class _Watched(smtplib.SMTP):
    def _get_socket(self, host, port, timeout):
        sock = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        watch(sock)
        return sock

    def getreply(self):
        with deadline(self.timeout or 60):
            watch(self.sock)
            return super().getreply()

    def starttls(self, *arguments, **options):
        answer = super().starttls(*arguments, **options)
        watch(self.sock)
        return answer


class _WatchedSSL(_Watched, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    """SMTP backend whose connections are under the time limits of `deadline`."""

    @property
    def connection_class(self):
        return _WatchedSSL if self.use_ssl else _Watched

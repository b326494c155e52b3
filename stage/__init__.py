"""Fault-injection test doubles: small real servers on loopback that fail on demand, for tests and `manage.py story`.

Needs no Django. Each server is a context manager with a `url`, a `mode` and a `script` of modes.
"""

from stage.broker import Gate
from stage.mail import MailServer
from stage.processes import Process
from stage.provisioner import Provisioner

__all__ = ["Gate", "MailServer", "Process", "Provisioner"]

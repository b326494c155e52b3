"""The outside world as small real servers on loopback that fail on demand: for tests and `manage.py story`.

Needs no Django. Each server is a context manager with a `url`, a `mode` and a `script` of modes.
"""

from tests.world.broker import Gate
from tests.world.mail import MailServer
from tests.world.processes import Process
from tests.world.provisioner import Provisioner

__all__ = ["Gate", "MailServer", "Process", "Provisioner"]

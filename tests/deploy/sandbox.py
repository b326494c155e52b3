"""A server to install on: folders of its own for /etc and /opt, and a `systemctl` that starts what a unit says."""

import os
import re
import select
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

from stage import MailServer, Process
from tests.config.surroundings import PROJECT
from tests.deploy.test_files import copied, nginx_temporary

# `install` without owners who are not here, and root who has become the user already.
INSTALL = """
for word; do
    shift
    case "$word" in
        -o|-g) skip=1 ;;
        *) if [ "${skip:-}" ]; then skip=; else set -- "$@" "$word"; fi ;;
    esac
done
exec /usr/bin/install "$@"
"""
SHIMS = {"install": INSTALL, "id": "echo arrivals"}
OURS = r"(?<![\w.}])/(?=(?:opt/arrivals|etc/(?:arrivals|nginx|systemd)|var/(?:lib|backups)|usr/local)\b)"
FOLDERS = (
    *("etc/systemd/system", "etc/nginx/sites-available", "etc/nginx/sites-enabled"),
    *("usr/local/bin", "var/lib/arrivals", "opt", "shims"),
)


class Server:
    """A host at `root`; `replaced` are the names of the handbook that are others here."""

    def __init__(
        self, root: Path, programs: Path, replaced: dict[str, str], mail: MailServer, site: str, web: int
    ) -> None:
        self.mail, self.site, self.web = mail, site, web
        self.root, self.replaced = root, replaced
        self.units: dict[str, Process] = {}
        for folder in FOLDERS:
            (root / folder).mkdir(parents=True)
        install_project(root / "opt/arrivals")
        for path in (path for path in (root / "opt/arrivals/deploy").rglob("*") if path.is_file()):
            path.write_text(self.here(path.read_text()))
        self.path = f"{root}/shims:{root}/usr/local/bin:{programs}:{os.environ['PATH']}:/usr/sbin"
        self.exported: dict[str, str] = {}
        for name, words in SHIMS.items():
            self.shim(name, words)
        os.mkfifo(root / "asked")
        os.mkfifo(root / "done")
        self.shim("systemctl", f'echo "$@" > {root}/asked; read answer < {root}/done; [ "$answer" = ok ]')

    def shim(self, name: str, words: str) -> None:
        place = self.root / "shims" / name
        place.write_text(f"#!/bin/sh\n{words}\n")
        place.chmod(0o755)

    def here(self, text: str) -> str:
        """The text with the folders and names of this server."""
        text = re.sub(OURS, f"{self.root}/", text)
        for name, other in self.replaced.items():
            text = text.replace(name, other)
        return text

    def run(self, block: str) -> str:
        """Run a block as root would, with what the blocks before it exported. Raises AssertionError."""
        keep = f"set -euo pipefail\n{self.here(block)}\nexport -p > {self.root}/exported\n"
        before = self.root / "exported"
        script = (f". {before}\n" if before.exists() else "") + keep
        asked = os.open(self.root / "asked", os.O_RDWR | os.O_NONBLOCK)
        env = {"PATH": self.path, "HOME": str(self.root), "LANG": "C.UTF-8"}
        log = self.root / "shell.log"
        with log.open("ab") as output:
            began = output.tell()
            shell = subprocess.Popen(
                ["bash", "-c", script], env=env, cwd=self.root, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            try:
                while shell.poll() is None:
                    if select.select([asked], [], [], 0.05)[0]:
                        self.answer(os.read(asked, 4096).decode())
            finally:
                os.close(asked)
                shell.kill()
        said = log.read_text(errors="replace")[began:]
        assert shell.returncode == 0, f"{block}\n{said[-3000:]}"
        return said

    def answer(self, words: str) -> None:
        verb, *units = [word for word in words.split() if not word.startswith("--")]
        for unit in units:
            self.control(verb, unit)
        (self.root / "done").write_text("ok\n")

    def control(self, verb: str, unit: str) -> None:
        """As systemd does: `reload` and `restart` start what does not run."""
        if unit == "nginx":
            return self.reload_nginx()
        if verb in ("stop", "restart") and unit in self.units:
            self.units.pop(unit).stop()
        if verb in ("start", "enable", "restart"):
            self.start(unit)

    def start(self, unit: str, project: str = "", **more: str) -> None:
        """Start a unit with its own line and environment, and with nothing of ours."""
        told = self.here((self.root / f"etc/systemd/system/{unit.partition('@')[0]}.service").read_text())
        [line] = re.findall(r"^ExecStart=(.*)$", told, re.MULTILINE)
        [place] = re.findall(r"^EnvironmentFile=(.*)$", told, re.MULTILINE)
        words = [word for word in shlex.split(Path(place).read_text(), comments=True) if "=" in word]
        env = dict(word.split("=", 1) for word in words) | more
        command = ["env", "-i", f"PATH={os.environ['PATH']}", *(f"{name}={value}" for name, value in env.items())]
        line = line.replace(f"{self.root}/opt/arrivals", project) if project else line
        self.units[unit] = Process([*command, *shlex.split(line)], self.root / f"{unit}.log", cwd=PROJECT)
        self.units[unit].start()

    def reload_nginx(self) -> None:
        if "nginx" in self.units:
            os.kill(self.units["nginx"].pid, signal.SIGHUP)
        else:
            command = ["env", f"PATH={self.path}", "nginx", "-g", "daemon off;"]
            self.units["nginx"] = Process(command, self.root / "nginx.log")
            self.units["nginx"].start()
            self.units["nginx"].wait_until(self.nginx_listens)

    def nginx_listens(self) -> bool:
        """`nginx -t` leaves the file empty; who listens writes its number there."""
        place = self.root / "nginx.pid"
        return place.exists() and place.read_text().strip() == str(self.units["nginx"].pid)

    def stop(self) -> None:
        for process in self.units.values():
            process.stop()


def install_project(place: Path) -> None:
    """What git and pip do: the files of the image and of deploy/, and the packages."""
    place.mkdir()
    for name in (*copied(), "deploy", "requirements-runtime.txt"):
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, place / name)
        else:
            shutil.copy(source, place / name)
    (place / ".venv").symlink_to(PROJECT / ".venv")


def prepare_nginx(server: Server, nginx: str) -> None:
    """A main configuration as Debian's, below our root."""
    root, place = server.root, server.root / "etc/nginx/nginx.conf"
    who = "user root; " if os.geteuid() == 0 else ""
    place.write_text(
        f"{who}pid {root}/nginx.pid; events {{}}\n"
        f"http {{ access_log off; {nginx_temporary(root)} include {root}/etc/nginx/sites-enabled/*; }}\n"
    )
    server.shim("nginx", f'exec {nginx} -e {root}/nginx-error.log -c {place} "$@"')

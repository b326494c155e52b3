"""Folders and the secret key file that the environment names: made where missing, refused where that cannot be."""

import os
import secrets
from pathlib import Path
from tempfile import TemporaryFile

from config.env import refuse, text


def writable(name: str, folder: Path) -> Path:
    """Return the folder, made if need be, once a file could be made in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        words = f"must be a folder that we may write in; {folder} is not ({error.strerror}): name another."
        raise refuse(name, words) from error
    return folder


def home(name: str, default: Path) -> Path:
    """Read the path of a writable folder."""
    return writable(name, Path(text(name, str(default))).absolute())


def programs(name: str) -> Path | None:
    """Read the folder of PostgreSQL's own programs, or None where none is named."""
    named = text(name, "")
    folder = Path(named)
    if not named:
        return None
    if not all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
        raise refuse(
            name, f"must be the folder of initdb and postgres, like /usr/lib/postgresql/16/bin, not {named!r}."
        )
    return folder


def kept_secret(path: Path) -> str:
    """Return the key of an installation where none was named: made once, readable by its owner alone.

    Whole from the first moment that others see it: two processes that start at once must not read half a key.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        if not path.exists():
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
            _put_first(fresh, path)
        return path.read_text().strip()
    except (OSError, UnicodeError) as error:
        raise refuse(
            "ARRIVALS_HOME", f"has a {path.name} that we may not read: make it ours, or remove it."
        ) from error


def _put_first(fresh: Path, path: Path) -> None:
    """Publish the file atomically: whoever comes second keeps the first one's."""
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()

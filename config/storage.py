"""Static files storage with content hashes in the names, so that browsers may keep the files for good."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Fingerprints(CompressedManifestStaticFilesStorage):
    """Manifest storage that falls back to plain names.

    Where nothing has been collected (tests, a plain runserver) files keep their own names.
    """

    manifest_strict = False

    def hashed_name(self, name, content=None, filename=None):
        if content is None and not self.exists(filename or name):
            return name
        return super().hashed_name(name, content, filename)

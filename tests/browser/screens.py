"""`make screens`: a picture of every page into docs/screens/, taken by pytest for its throw-away servers."""

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main([str(Path(__file__).with_name("pictures.py")), "-q", *sys.argv[1:]]))

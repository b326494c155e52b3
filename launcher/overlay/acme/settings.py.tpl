"""Acme's settings: those of Arrivals, and what is different here.

What an environment variable can say is better said there: this file is for what none can.
"""

from pathlib import Path

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS, SETUP_STEPS, TEMPLATES

HERE = Path(__file__).resolve().parent

INSTALLED_APPS = ["acme", *INSTALLED_APPS]
ROOT_URLCONF = "acme.urls"
# A template of the same name here is found before ours.
TEMPLATES[0]["DIRS"] = [HERE / "templates", *TEMPLATES[0]["DIRS"]]
# What everybody who signs up is owed, beside the email and the workspace.
SETUP_STEPS = [*SETUP_STEPS, "acme.steps.reserve_name"]

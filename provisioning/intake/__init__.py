"""Intake: sign-ups and requests become steps and e-mails that are owed; bounces, corrections, waivers."""

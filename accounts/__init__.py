"""The account room: people, their status, sign-up, login, e-mail verification and sessions. Imports Django only."""

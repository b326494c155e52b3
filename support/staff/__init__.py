"""Staff of the desk, managed by the owner: invitation, role, suspension, another authenticator."""

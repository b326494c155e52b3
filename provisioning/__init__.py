"""Set-up of accounts: the steps and e-mails owed to each, the engine that carries them out, the waiting room."""

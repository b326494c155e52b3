"""Trust repair after a failure: the harm, the apology owed, its draft, and the follow-up."""

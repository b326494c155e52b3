"""Management commands: `backfill_step`, `doctor`, `sweep`."""

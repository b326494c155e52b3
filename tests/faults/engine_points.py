"""Where an engine may die. Every point has a test of its own."""

POINTS = (
    "picking_up",  # inside the transaction that gives an account its steps
    "after_pick_up",
    "after_claim",
    "before_effect",
    "after_effect",  # the world has changed, and nobody has written it down
    "inside_settle",  # before its COMMIT
    "after_settle",
)

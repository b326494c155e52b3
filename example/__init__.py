"""Example product behind Arrivals, in plain Django with Authlib. `make example` runs both."""

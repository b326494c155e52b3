# Acme, on Arrivals

    python manage.py up        # everything, to look at
    python -m pytest           # what is Acme's
    python manage.py web       # and worker, beat, migrate, doctor, …: see Arrivals' README

Python is the one that Arrivals' requirements are installed in. Its folder is @arrivals@ (or `ARRIVALS_CHECKOUT`).

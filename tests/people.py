"""The same few people in every test."""

import factory
from django.contrib.auth.hashers import make_password
from django.db.models.functions import Now

from accounts.models import Account
from accounts.status import Status

PASSWORD = "correct horse battery staple"
_encoded: list[str] = []


def encoded_password() -> str:
    """One argon2 for the whole run: it is not what these tests are about."""
    if not _encoded:
        _encoded.append(make_password(PASSWORD))
    return _encoded[0]


class Person(factory.django.DjangoModelFactory[Account]):
    """Somebody who has just signed up; nobody has fetched the account yet."""

    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Dana Sommer {n}")
    email = factory.Sequence(lambda n: f"dana{n}@acme.example")
    company = "Acme"
    phone = "+49 30 901820"
    password = factory.LazyFunction(encoded_password)
    status = Status.CREATED
    asked_at = factory.LazyFunction(Now)


class Supporter(Person):
    name = factory.Sequence(lambda n: f"Jordan {n}")
    email = factory.Sequence(lambda n: f"jordan{n}@arrivals.example")
    status = Status.ACTIVE
    asked_at = factory.LazyFunction(lambda: None)
    is_staff = is_superuser = True

"""Finding people as people look for them, by indexes, however many there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from support.desk.search import MOST, find
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def dana():
    Person.create(name="Bo Lund", email="bo@lund.example", company="Lund", phone="+47 22 334455")
    return Person.create(
        name="Dana Sommer-Vogel",
        email="dana@mail.sommer.example",
        company="Gebr. Sommer & Söhne Möbelhaus GmbH",
        phone="+49 (0)30 90 18-20 11",
    )


@pytest.mark.parametrize(
    "term",
    [
        # words of a name or a company, wherever they stand
        *("Söhne", "söhne", "möbel", "Möbelhaus", "sommer söhne", "GmbH Sommer", "Vogel", "sommer-vogel", "Gebr."),
        # the beginning of the whole
        *("dana", "Dana Som", "gebr. sommer & s"),
        # an address and its domain
        *("dana@", "DANA@mail.sommer.example", "mail.sommer", "@mail.sommer.example", "mail.sommer.example", "@mail"),
        *("Dana <dana@mail.sommer.example>", " dana@mail.sommer.example "),
        # a phone number in any formatting
        *(
            "+493090182011",
            "030 90182011",
            "030/90 18 20 11",
            "0049 30 90182011",
            "+49 (0)30 90 18-20 11",
            "90182011",
        ),
        *(
            "(030) 9018 – 2011",
            "tel. 030 90182011",
            "+49.30.9018.2011",
            "٩٠١٨٢٠١١",
            "９０１８２０１１",
            "+49 30 9018",
        ),
    ],
)
def test_she_is_found(dana, term):
    assert list(find(Account.objects.all(), term)) == [dana]


NOT_HERS = ["möbelhäuser", "%", "_", "\\", "'", "x' OR 1=1 --", "()", ":*", "123", "a\x01b"]


@pytest.mark.parametrize("term", NOT_HERS)
def test_nobody_is_found_by_what_is_not_theirs(dana, term):
    assert dana not in find(Account.objects.all(), term)


def test_by_reference(dana):
    assert list(find(Account.objects.all(), dana.reference.lower())) == [dana]


def crowd(number):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_account (id, email, password, name, phone, company, reference, status, is_active,"
            " is_staff, is_superuser, address_taken, needed_because)"
            " SELECT gen_random_uuid(), 'p' || n || '@c' || n %% 977 || '.example', '!', 'Person ' || n,"
            " '+49 30 ' || 1000000 + n, 'Firm ' || n %% 977 || ' Works', 'R' || n, 'active', true, false, false,"
            " '', ''"
            " FROM generate_series(1, %s) n",
            [number],
        )
        cursor.execute("ANALYZE accounts_account")


def test_each_way_is_an_index_and_one_query(desk):
    """Also for what half of them have in common."""
    crowd(20_000)
    for term in (
        "firm",
        "works",
        "976",
        "@c97",
        "c976.example",
        "030 1000777",
        "person 19",
        "nobody",
        "person works 5",
    ):
        plan = find(Account.objects.all(), term).explain()
        assert "Seq Scan" not in plan or "Limit  (cost=0.00" in plan, (term, plan)
        with CaptureQueriesContext(connection) as queries:
            assert desk.get("/admin/accounts/account/", {"q": term}).status_code == 200
        assert sum("accounts_account" in query["sql"] and "ANY" in query["sql"] for query in queries) == 1
    assert find(Account.objects.all(), "works").count() <= 7 * MOST

"""Pagination without a count: one more row is asked for than is shown."""

from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, ChangeList
from django.core.paginator import Page, Paginator

MOST_PAGES = 1000


class Uncounted(Paginator):
    """Paginator that knows if there is a next page, and not how many there are.

    count(*) reads a million rows.
    """

    more = False

    def page(self, number):
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        rows = list(self.object_list[start : start + self.per_page + 1])
        self.more = len(rows) > self.per_page
        return Page(rows[: self.per_page], number, self)

    def validate_number(self, number):
        return min(max(int(number), 1), MOST_PAGES)

    @property
    def count(self):
        """More than one page, so that stock admin asks for pages; nobody is told this number."""
        return self.per_page * MOST_PAGES


class UncountedList(ChangeList):
    """Change list with links to the next page and the one before.

    It keeps the order it has, whatever an address asks for.
    """

    def get_ordering(self, request, queryset):
        self.params.pop(ORDER_VAR, None)
        return super().get_ordering(request, queryset)

    def get_ordering_field_columns(self):
        self.params.pop(ORDER_VAR, None)
        return super().get_ordering_field_columns()

    @property
    def before(self) -> str:
        return self.get_query_string({PAGE_VAR: self.page_num - 1})

    @property
    def after(self) -> str:
        return self.get_query_string({PAGE_VAR: self.page_num + 1})

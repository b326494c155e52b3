"""Follow-up pages, linked from the one e-mail after an apology: an answer by one click, or deletion.

Looking at them changes nothing.
"""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.forms import OwnPasswordForm
from accounts.profile.changes import typed_own_password
from support.models import TrustRepair
from support.trust.follow_up import delete_everything, may_delete, repair_for, take_answer

Answer = TrustRepair.Answer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def after(request, token):
    """Follow-up page: takes the one-click answer. 404 for a link that is void."""
    repair = repair_for(token)
    if repair is None:
        return render(request, "support/after_void.html", status=404)
    answer = request.POST.get("answer")
    if answer in Answer.values:
        take_answer(repair, answer, timezone.now())
        repair.refresh_from_db()
    context = {"repair": repair, "token": token, "may_delete": may_delete(repair)}
    return render(request, "support/after.html", context)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request, token):
    """Deletion of an account, by the letter's link and the password together."""
    repair = repair_for(token)
    if repair is None:
        return render(request, "support/after_void.html", status=404)
    if not may_delete(repair):
        raise Http404
    form = OwnPasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and typed_own_password(request, form, repair.account):
        delete_everything(repair, timezone.now())
        return render(request, "support/after_deleted.html")
    return render(request, "support/after_delete.html", {"form": form, "repair": repair, "token": token})

"""Middleware that lets a form's redirects end where its visitor was going.

Browsers hold the whole chain of redirects behind a form against form-action. Whoever logs in on the way to the
product is sent there, so its origin is in the policy of their pages as long as they are on that way, and of nobody
else's.
"""

from accounts import onward


class FormAction:
    """Middleware that adds the onward cookie's origin to form-action."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        going = onward.of_browser(request)
        if going and not hasattr(response, "_csp_update"):
            response._csp_update = {"form-action": [going.origin]}
        return response

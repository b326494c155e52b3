"""URL patterns of the support room: contact, webhook of inbound mail, follow-up to an apology."""

from django.urls import path

from support.inbound import webhooks
from support.tickets import views
from support.trust import views as trust_views

urlpatterns = [
    path("contact/", views.contact, name="contact"),
    path("contact/taken/", views.contact_taken, name="contact_taken"),
    path("mail/<path:where>", webhooks.hook, name="mail"),
    path("after/<str:token>/", trust_views.after, name="after"),
    path("after/<str:token>/delete/", trust_views.delete, name="after_delete"),
]

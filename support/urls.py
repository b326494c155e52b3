from django.urls import path

from support import after_page, views, webhooks

urlpatterns = [
    path("contact/", views.contact, name="contact"),
    path("contact/taken/", views.contact_taken, name="contact_taken"),
    path("mail/<path:where>", webhooks.hook, name="mail"),
    path("after/<str:token>/", after_page.after, name="after"),
    path("after/<str:token>/delete/", after_page.delete, name="after_delete"),
]

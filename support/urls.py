from django.urls import path

from support import views

urlpatterns = [
    path("contact/", views.contact, name="contact"),
    path("contact/taken/", views.contact_taken, name="contact_taken"),
]

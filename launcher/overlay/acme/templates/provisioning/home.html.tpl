{% extends "base.html" %}
{% block title %}Acme{% endblock %}
{% block main %}
  <h1>Welcome to Acme, {{ user.first_name }}</h1>
  {% for notice in notices %}<p class="notice" role="status">{{ notice }}</p>{% endfor %}
  <p class="lead"><a href="{% url 'hello' %}">Begin</a></p>
{% endblock %}

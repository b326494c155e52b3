"""OpenID Connect provider on django-oauth-toolkit: authorization code with PKCE, nothing else of OAuth."""

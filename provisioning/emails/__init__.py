"""E-mails to people: composed from templates, rate limited, delivered by SMTP."""

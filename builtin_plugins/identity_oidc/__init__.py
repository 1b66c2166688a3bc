"""Logins with providers of OpenID Connect."""

"""Who may do what: roles, permissions, ownership, capability tokens, decided in one place."""

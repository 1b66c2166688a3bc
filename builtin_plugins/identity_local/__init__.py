"""People with passwords, their API keys and their sessions, kept in the store of the registry."""

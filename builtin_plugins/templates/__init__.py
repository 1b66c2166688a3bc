"""Built-in operation ``generate``: what a template of the registry makes of parameters."""

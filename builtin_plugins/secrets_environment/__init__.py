"""Built-in secrets: from the environment of the process."""

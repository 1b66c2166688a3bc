"""Built-in secrets: in a file of the home that is encrypted."""

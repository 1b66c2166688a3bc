"""Built-in template engine: Jinja2, sandboxed and in a process of its own."""

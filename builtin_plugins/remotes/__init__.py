"""Registries elsewhere: resolving, downloading and pulling from them, all through the TUF client."""
